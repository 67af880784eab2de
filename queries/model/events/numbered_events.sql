-- The order of the distinct events of a return up to as_of, over both tabs. One row per distinct event, without its text:
-- wide rows are written only once, in model.events.
with kept as (
    select
        events.file_id,
        events.row_no,
        events.firm_id,
        events.return_id,
        events.event_at,
        labels.label_no,
        labels.rank,
        replace(labels.words, '"..."', '"' || coalesce(events.subject, '') || '"') as label,
        events.row_hash,
        events.occurrence_no
    from raw.events as events
    join model.labels as labels
        on labels.tab = events.tab
        and labels.pattern = events.pattern
        and labels.logged_status = coalesce(events.status, '')
    where events.event_at <= (select build.as_of from raw.build as build)
        and not exists (
            select 1
            from model.repeated_records as copies
            where copies.file_id = events.file_id and copies.row_no = events.row_no
        )
)
select
    file_id,
    row_no,
    firm_id,
    return_id,
    row_number() over (
        partition by firm_id, return_id
        order by
            event_at nulls last,
            rank nulls last,
            label nulls last,
            row_hash nulls last,
            occurrence_no nulls last,
            file_id nulls last,
            row_no nulls last
    ) as event_no,  -- The order among all events of the return, on both tabs, from 1.
    event_at,
    label_no
from kept
