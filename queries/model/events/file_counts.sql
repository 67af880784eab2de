-- What happened to the loaded records of each log: one row per file, without returns lists. Distinct events are counted in
-- model.events and the others where they were left out, so that the sum proves that no record was lost.
--
-- key: file_id
-- check: distinct_count + repeated_count + later_count = kept_count
-- check: distinct_count >= 0
with records as (
    select
        events.file_id,
        count(*) as record_count,
        count(*) filter (where events.event_at <= build.as_of) as counted_count
    from raw.events as events
    cross join raw.build as build
    group by events.file_id
),
distinct_events as (
    select file_id, count(*) as distinct_count
    from model.events
    group by file_id
),
copies as (
    select file_id, count(*) as repeated_count
    from model.repeated_records
    group by file_id
)
select
    files.file_id,
    files.kept_count,
    coalesce(distinct_events.distinct_count, 0) as distinct_count, -- Events whose counted record is in this file.
    coalesce(copies.repeated_count, 0) as repeated_count, -- Copies of records of this file or another.
    coalesce(records.record_count, 0) - coalesce(records.counted_count, 0) as later_count -- Events after as_of.
from raw.files as files
left join records using (file_id)
left join distinct_events using (file_id)
left join copies using (file_id)
where files.kind = 'events' and files.state = 'loaded'
