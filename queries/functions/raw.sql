-- Functions of the views of `raw`, for DuckDB alone.

-- A time as a log has it, from the time on its clock and the number of its format. A part stores the text of a time only
-- where none of these formats gives exactly this text back, so numbers are never given to other formats.
create macro time_as_logged(moment, format_no) as case format_no
    when 1 then strftime(moment, '%m/%d/%Y %I:%M:%S %p')
    when 2 then strftime(moment, '%m/%d/%Y %I:%M %p')
    when 3 then strftime(moment, '%-m/%-d/%Y %-I:%M:%S %p')
    when 4 then strftime(moment, '%-m/%-d/%Y %-I:%M %p')
    when 5 then strftime(moment, '%m/%d/%Y %H:%M:%S')
    when 6 then strftime(moment, '%m/%d/%Y %H:%M')
    when 7 then strftime(moment, '%Y-%m-%d %H:%M:%S')
    when 8 then strftime(moment, '%Y-%m-%dT%H:%M:%S')
    when 9 then strftime(moment, '%Y-%m-%dT%H:%M:%SZ')
end;

-- The text of a time as a log has it: as stored, else from the time and the minutes that the clock was ahead of UTC.
create macro text_of_time(event_time, event_at, utc_minutes, format_no) as
    coalesce(event_time, time_as_logged(event_at + to_minutes(utc_minutes), format_no));

-- A label as a log has it: as stored where tidying changed it, else the pattern with its text in quotes.
create macro label_as_logged(logged_label, pattern, subject) as coalesce(logged_label, worded(pattern, subject));
