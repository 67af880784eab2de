-- The ways to read a label as logged: whole, and, where its row has no status, without a status word at its end.
--
-- key: tab, pattern, logged_status, reading_no
with logged as (
    select distinct
        tab,
        pattern,
        coalesce(status, '') as logged_status
    from raw.events
),
endings as (
    select
        tab,
        pattern,
        logged_status,
        extracted(
            lowered(pattern),
            '( - |: | / | )(processed|delivered|opened|open|bounced|bounce|recalled|reprocessed)$'
        ) as ending
    from logged
),
readings as (
    select
        tab,
        pattern,
        logged_status,
        1 as reading_no,
        pattern as words,
        squeezed(logged_status) as status
    from endings
    union all
    select
        tab,
        pattern,
        logged_status,
        2 as reading_no,
        substring(pattern, 1, length(pattern) - length(ending)) as words,
        extracted(substring(pattern, length(pattern) - length(ending) + 1), '[A-Za-z]+$') as status
    from endings
    where logged_status = '' and ending <> '' and length(ending) < length(pattern)
),
spoken as (
    select
        tab,
        pattern,
        logged_status,
        reading_no,
        words,
        status,
        case lowered(status)
            when 'opened' then 'open'
            when 'bounce' then 'bounced'
            else lowered(status)
        end as status_word
    from readings
)
select
    tab,
    pattern,
    logged_status,  -- The status as logged in a column of its own; an empty text where there is none.
    reading_no,     -- 1: the label whole. 2: without the status word at its end.
    words,          -- The label so read.
    status,         -- The status so read, as logged; an empty text for none.
    status_word     -- The same in small letters, Opened as open and Bounce as bounced.
from spoken
