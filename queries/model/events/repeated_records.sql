-- Records that repeat another record, in the same file or in an overlapping export: one row per copy that is left out. Of
-- equal records, the one with the smallest file_id and row_no counts.
--
-- key: file_id, row_no
with counted as (
    select
        events.file_id,
        events.row_no,
        events.row_hash,
        case when events.source_event_id is null then 'number ' || cast(events.occurrence_no as string)
            else 'id ' || events.source_event_id end as identity
    from raw.events as events
    join raw.build as build on events.event_at <= build.as_of
),
repeated as (
    select row_hash
    from counted
    group by row_hash
    having count(*) > 1
),
numbered as (
    select
        counted.file_id,
        counted.row_no,
        row_number() over (
            partition by counted.row_hash, counted.identity
            order by counted.file_id nulls last, counted.row_no nulls last
        ) as copy_no
    from counted
    join repeated using (row_hash)
)
select
    file_id,
    row_no,
    copy_no         -- 2 for the first copy of the record that counts.
from numbered
where copy_no > 1
