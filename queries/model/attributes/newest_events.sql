-- How new each log is: its newest event up to as_of. One row per log with such an event.
--
-- key: file_no
select
    records.file_no,
    numbers.file_id,
    numbers.is_web_hook,
    max(records.event_at) as newest_at -- When its newest event happened (UTC).
from raw.records as records
join raw.file_numbers as numbers using (file_no)
where records.event_at <= (select build.as_of from raw.build as build)
group by records.file_no, numbers.file_id, numbers.is_web_hook
