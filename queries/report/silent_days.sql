-- Weekdays without any event on a tab though events are usual: an export may be missing. One row per period, the newest first.
-- Events are usual on a weekday if the two weekdays with events before it, the two after it (where the data end, three before it)
-- and the same weekday a week before each had 10 events or more; off-season there are fewer. Firms rest on federal holidays,
-- clients do not. Where the data end, two weeks without any event are too long from February 1 to April 15, and 60 days from then
-- to October 15, whatever is usual.
--
-- key: firm_id, tab, silent_since
-- check: day_count > 0
-- param: until = null  The last day whose events must be there; the day before that of the newest event if not given.
-- param: min_silent_days = 1  Periods with fewer such days are left out.
-- filters: offices
-- access: counts
with days as (
    select
        days.firm_id, days.tab, days.event_on, days.event_count,
        max(days.event_on) over (partition by days.firm_id, days.tab) as newest_on
    from mart.event_days as days
    where for_offices is null
        or days.firm_id in (select returns.firm_id from mart.returns as returns where of_office(returns, for_offices))
),
weekdays as (
    select
        days.firm_id, days.tab, days.event_on, days.newest_on,
        lead(days.event_on) over by_day as next_on,
        least(
            days.event_count,
            lag(days.event_count) over by_day,
            lead(days.event_count) over by_day,
            lead(days.event_count, 2) over by_day,
            -- Where nothing follows, one more before.
            case when lead(days.event_count) over by_day is null then lag(days.event_count, 2) over by_day end
        ) as least_nearby
    from days
    where isodow(days.event_on) <= 5
    window by_day as (partition by days.firm_id, days.tab order by days.event_on)
),
-- The weekdays between two with events, and those after the last.
silent as (
    select
        weekdays.firm_id, weekdays.tab, weekdays.least_nearby,
        case when weekdays.next_on is null then weekdays.newest_on else weekdays.event_on end as seen_on,
        weekdays.event_on + passed.day_no as silent_on,
        -- The same weekday before the period, however long it is.
        weekdays.event_on - 6 + (passed.day_no - 1) % 7 as usual_on,
        weekdays.next_on is null as is_open,
        passed.day_no
    from weekdays
    cross join raw.build as build
    cross join unnest(cast(range(
        1,
        1 + coalesce(weekdays.next_on - 1, cast(until as date), date_in(build.timezone, build.as_of) - 1)
            - weekdays.event_on
    ) as integer[])) as passed(day_no)
    where isodow(weekdays.event_on + passed.day_no) <= 5
),
missed as (
    select silent.firm_id, silent.tab, silent.seen_on, silent.is_open, silent.silent_on
    from silent
    left join mart.event_days as usual
        on usual.firm_id = silent.firm_id
        and usual.tab = silent.tab
        and usual.event_on = silent.usual_on - case when rests(silent.tab, silent.usual_on) then 7 else 0 end
    where not rests(silent.tab, silent.silent_on)
        and (
            (silent.least_nearby >= 10 and usual.event_count >= 10)
            or (silent.is_open and silent.day_no > 14 and strftime(silent.silent_on, '%m-%d') between '02-01' and '04-15')
            or (silent.is_open and silent.day_no > 60 and strftime(silent.silent_on, '%m-%d') between '04-16' and '10-15')
        )
),
periods as (
    select firm_id, tab, seen_on, is_open, min(silent_on) as first_on, max(silent_on) as last_on, count(*) as day_count
    from missed
    group by firm_id, tab, seen_on, is_open
)
select
    periods.firm_id,
    periods.tab,
    periods.first_on as silent_since,       -- The first such weekday, in the firm's time zone.
    periods.last_on as silent_until,        -- The last one.
    periods.day_count,                      -- How many there are.
    periods.seen_on,                        -- The last weekday with events before the period; where the data end, the newest day of all.
    periods.is_open                         -- No weekday after the period has events: the data of the tab end there.
from periods
where periods.day_count >= min_silent_days
order by silent_since desc, periods.firm_id, periods.tab
