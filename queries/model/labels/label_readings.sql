-- The ways to read a label as logged: complete, and, if its row has no status, without a status word at its end. One row
-- per label and way.
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
    logged_status,  -- The status as logged in its own column; an empty text if there is none.
    reading_no,     -- 1: the complete label. 2: without the status word at its end.
    words,          -- The label, read this way.
    status,         -- The status, read this way, as logged; an empty text for none.
    status_word     -- The same in lower case, Opened as open and Bounce as bounced.
from spoken
