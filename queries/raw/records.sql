-- The loaded logs as they are stored: one row per record, without what its label and its return repeat. raw.events has the
-- same records as logged. Sorted by return and time, so that the records of one return are found at once.
--
-- key: file_no, row_no
create table raw.records (
    return_key bigint,        -- The return as a number: a hash of firm and return that no engine changes.
    event_at timestamp,       -- The time of the event (UTC).
    content_hash bigint,      -- The first 64 bits of row_hash, as a number that sorts alike.
    file_no integer,          -- The number of the loaded log, as raw.file_numbers gives it, from 1.
    row_no bigint,            -- The record's number in the file, from 1, its header not counted.
    label_no integer,         -- The number of the tab, pattern and status, as raw.label_texts gives it.
    set_no integer,           -- The number of the attributes of the return, as raw.attribute_sets gives it for the file.
    event_on date,            -- The calendar date of the event in the firm's time zone.
    event_time varchar,       -- The time as logged, text, where format_no does not give it back; else null.
    format_no integer,        -- The format of the time as logged, a number of time_as_logged; null for any other.
    utc_minutes integer,      -- How many minutes the clock of the log was ahead of UTC; null without format_no.
    time_note varchar,        -- ambiguous (repeated hour, read as the first), shifted (missing hour, moved forward), else null.
    logged_label varchar,     -- The label as logged, where tidying changed it; else null.
    subject varchar,          -- The text in quotes: a file, or the name of a K-1 partner.
    actor varchar,            -- Who did it, as logged.
    recipient_email varchar,  -- The address that an email went to.
    ip_address varchar,       -- The IP address that the action came from.
    source_event_id varchar,  -- The platform's own id of the event.
    detail varchar,           -- Other details of the event, such as the reason of a bounce.
    extra varchar             -- Unmapped columns and attributes that could not be read, as JSON; null for none.
)
