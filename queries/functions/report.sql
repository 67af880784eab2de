-- Functions that the reports share. A macro sees no columns, so a whole row is passed, by its alias; DuckDB reads only the
-- columns that are named here. A row of few columns takes less time to plan, so the reports first select those they need.

-- Whether a value is in a list of wanted values: null means all, an empty list means none.
create macro among(value, chosen) as chosen is null or list_contains(chosen, value);

-- True if all wanted values are known, else an error that lists the known ones. Call it once, not for each row.
create macro all_known(chosen, known) as case
    when chosen is null or list_has_all(known, chosen) then true
    else error(array_to_string(chosen, ', ') || ': not all of this is known. Known: ' || array_to_string(known, ', ') || '.')
end;

-- A firm and one of its offices as one text. The character between them is in no text that people write; a name that has it
-- nevertheless has no pair, so that nobody gets a right to it.
create macro office_pair(firm_id, office) as case
    when not contains(firm_id || office, chr(0)) then firm_id || chr(0) || office
end;

-- Whether the office of a row is wanted. It is named alone, or as the pair that a right to see it is.
create macro of_office(what, for_offices) as
    for_offices is null
    or list_contains(for_offices, case when not contains(what.office, chr(0)) then what.office end)
    or list_contains(for_offices, office_pair(what.firm_id, what.office));

-- Whether a row passes the usual filters: firm, office, partner, form and tax year.
create macro passes_filters(what, for_firms, for_offices, for_partners, for_types, for_years) as
    among(what.firm_id, for_firms)
    and of_office(what, for_offices)
    and among(what.partner, for_partners)
    and among(what.return_type, for_types)
    and among(what.tax_year, for_years);

-- Whether a day is in a period, both ends inclusive; null means no limit at that end.
create macro during(day, since, until) as
    (since is null or day >= cast(since as date)) and (until is null or day <= cast(until as date));

-- The value of a row in a split, as text; null without a split, or if the row has no value.
create macro segment_of(what, week, month, split_by) as case
    when split_by is null then cast(null as varchar)
    when split_by = 'office' then what.office
    when split_by = 'partner' then what.partner
    when split_by = 'return_type' then what.return_type
    when split_by = 'tax_year' then cast(what.tax_year as varchar)
    when split_by = 'week' then week
    when split_by = 'month' then month
    else error(
        'split_by := ''' || split_by || ''' is unknown. Known: office, partner, return_type, tax_year, week, month; '
        || 'of emails also mail_domain.'
    )
end;

-- Whether a folded text contains all words of a search, in any order. Words beyond the eighth do not count: more than a name
-- has make a search slow. The first word alone leaves out most texts before lists are made for the others.
create macro words_of(search) as regexp_extract_all(folded(search), '[^\s\p{Z}]+')[:8];
create macro has_words(folded_text, search) as
    contains(folded_text, words_of(search)[1]) and list_bool_and([contains(folded_text, word) for word in words_of(search)]);

-- The sum of counts, as a count.
create macro total(counts) as cast(sum(counts) as bigint);

-- A part of a whole in percent, two decimals; null if the whole is 0. Only whole numbers are rounded here and below, since
-- versions of DuckDB round a half in a later decimal differently.
create macro percent(part, whole) as round(10000 * cast(part as double) / nullif(whole, 0)) / 100;

-- A median or p90 of whole seconds, which has at most one decimal; further decimals are rounding errors.
create macro in_seconds(quantile) as round(quantile * 10) / 10;

-- The seconds of a wait that has not ended: longer than any that has.
create macro never() as cast(9000000000000000000 as bigint);

-- A quantile of waits, of which those that have not ended are longer than any: null if it is of those, or if one of them has
-- lasted shorter so far (`least_open`) and could still end before it.
create macro known_quantile(quantile, least_open) as case
    when quantile < never() and (least_open is null or least_open >= quantile) then quantile
end;

-- Seconds as days with one decimal, as lists show them.
create macro in_days(seconds) as round(seconds / 8640.0) / 10;

-- The calendar date of a UTC time in a time zone.
create macro date_in(timezone, moment) as cast(timezone(timezone, timezone('UTC', moment)) as date);

-- Seconds from delivery to a step, if they count; null if the step came more than this many days after delivery, or had
-- not happened by a past time (UTC).
create macro counted(delivered_at, seconds, within_days, known_by) as case
    when (within_days is null or seconds <= within_days * cast(86400 as bigint))
        and (known_by is null or seconds <= seconds_between(delivered_at, cast(known_by as timestamp)))
    then seconds
end;

-- Seconds from delivery to the signature, as known by a past time (UTC). A pickup proves an earlier signature; before the
-- pickup only an upload could.
create macro signed_by(delivery, known_by) as case
    when known_by is null or delivery.signed_basis <> 'picked_up' or delivery.picked_up_at <= known_by
    then delivery.signed_seconds
    else seconds_between(delivery.delivered_at, delivery.uploaded_at)
end;

-- The last step of ref.steps that a delivery has reached, by its counted seconds.
create macro furthest_step(delivery) as case
    when delivery.picked_up is not null then 'picked up'
    when delivery.signed is not null then 'signed'
    when delivery.kba_passed is not null then 'KBA passed'
    when delivery.accessed is not null then 'accessed'
    when delivery.link_selected is not null then 'link selected'
    when delivery.email_opened is not null then 'email opened'
    when delivery.email_delivered is not null then 'email delivered'
    else 'delivered'
end;

-- What became of a delivery: recalled, or the state of its signature.
create macro outcome_of(delivery) as case when delivery.recalled_at is null then delivery.signature_state else 'recalled' end;

-- Whether a delivery counts in a funnel: old enough and, unless recalled ones are wanted, not recalled.
create macro counts_in_funnel(delivery, min_age_days, with_recalled) as
    (with_recalled or delivery.recalled_at is null)
    and (
        min_age_days is null
        or delivery.delivered_at <= (select build.as_of from raw.build as build) - to_days(cast(min_age_days as integer))
    );

-- The state of an email at a past time (UTC), by the first time of each status; its state now if the time is null.
create macro state_by(message, known_by) as case
    when known_by is null then message.state
    when message.state = 'bounced' and message.bounced_at <= known_by then 'bounced'
    when message.opened_at <= known_by then 'opened'
    when message.delivered_at <= known_by then 'delivered'
    when message.bounced_at <= known_by then 'bounced'
    when message.processed_at < cast(known_by as timestamp) - interval '24' hour then 'unconfirmed'
    else 'processed'
end;

-- The Monday of the last week that has ended by a UTC time, in a time zone.
create macro last_monday(timezone, moment) as cast(date_trunc('week', date_in(timezone, moment)) as date) - 7;

-- The Monday of the last full week, and the time of the build. A build puts their values in place of these two queries.
create macro last_full_week() as (select last_monday(build.timezone, build.as_of) from raw.build as build);
create macro newest_time() as (select build.as_of from raw.build as build);

-- The Monday of the last full week, or of one this many weeks before it.
create macro full_week(weeks_before) as last_full_week() - 7 * weeks_before;

-- The time (UTC) when a week this many weeks ago was as old as the last full week is now.
create macro as_of_then(weeks_before) as newest_time() - to_days(7 * weeks_before);

-- Whether a day is one of the holidays that have a date of their own.
create macro is_fixed_holiday(day) as strftime(day, '%m-%d') in ('01-01', '06-19', '07-04', '11-11', '12-25');

-- Whether federal offices are closed for a holiday (5 U.S.C. 6103), which on a weekend is kept on the weekday next to it.
create macro is_federal_holiday(day) as
    is_fixed_holiday(day)
    or (isodow(day) = 5 and is_fixed_holiday(day + 1))
    or (isodow(day) = 1 and is_fixed_holiday(day - 1))
    -- The third Mondays of January and February, the first of September, the second of October, the fourth Thursday of November.
    or (month(day), isodow(day), (day(day) + 6) // 7) in ((1, 1, 3), (2, 1, 3), (9, 1, 1), (10, 1, 2), (11, 4, 4))
    -- The last Monday of May.
    or (month(day) = 5 and isodow(day) = 1 and day(day) > 24);

-- The same time of the working day before: neither a weekend nor a federal holiday, in a time zone.
create macro workday_before(timezone, moment) as (
    select moment - to_days(cast(date_in(timezone, moment) - max(days.day) as integer))
    from (select date_in(timezone, moment) - cast(number.back as integer) as day from range(1, 8) as number(back)) as days
    where isodow(days.day) < 6 and not is_federal_holiday(days.day)
);

-- The deadline that a return counts for: its due date, or past due for all that are over.
create macro deadline_of(due_date, days_left) as case when days_left < 0 then 'past due' else cast(due_date as varchar) end;

-- Whether a return has waited for its next step for longer than the limit, by a row of mart.return_limits; false without one.
create macro is_overdue(what, moment) as coalesce(seconds_between(what.waiting_since, moment) > what.limit_seconds, false);

-- Whether nothing is expected on a tab on a day: a firm rests on holidays, its clients do not.
create macro rests(tab, day) as tab = 'Internal' and is_federal_holiday(day);
