-- What happened to the loaded records of each log: one row per file, without returns lists. Distinct events are counted in
-- model.events and the others where they were left out, so that the sum proves that no record was lost.
--
-- key: file_id
-- check: distinct_count + repeated_count + later_count = kept_count
-- check: distinct_count >= 0
with later as (
    select
        records.file_no,
        count(*) as later_count
    from raw.records as records
    -- Without an event that is not later than the newest load there is no as_of, and all are later.
    where coalesce(records.event_at > (select build.as_of from raw.build as build), true)
    group by records.file_no
),
distinct_events as (
    select file_no, count(*) as distinct_count
    from model.numbered_events
    group by file_no
),
copies as (
    select file_no, count(*) as repeated_count
    from model.repeated_records
    group by file_no
)
select
    files.file_id,
    files.kept_count,
    coalesce(distinct_events.distinct_count, 0) as distinct_count, -- Events whose counted record is in this file.
    coalesce(copies.repeated_count, 0) as repeated_count, -- Copies of records of this file or another.
    coalesce(later.later_count, 0) as later_count -- Events after as_of.
from raw.files as files
left join raw.file_numbers as numbers using (file_id)
left join later using (file_no)
left join distinct_events using (file_no)
left join copies using (file_no)
where files.kind = 'events' and files.state = 'loaded'
