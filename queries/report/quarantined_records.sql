-- Records that could not be read and were quarantined. One row per file and reason, the newest load first.
--
-- key: file_id, reason
-- check: record_count > 0
-- every: load
-- access: loading
select
    files.file_name,
    quarantine.reason,                          -- The code of the reason; docs/your-first-export.md says how to fix it.
    count(*) as record_count,                   -- Records quarantined for this reason.
    min(quarantine.row_no) as first_row_no,     -- The record number of the first of them.
    max(quarantine.row_no) as last_row_no,      -- The last of them.
    files.record_count as file_record_count,    -- All records of the file.
    files.loaded_at,
    quarantine.file_id
from raw.quarantine as quarantine
join raw.files as files using (file_id)
group by quarantine.file_id, files.file_name, quarantine.reason, files.record_count, files.loaded_at
order by files.loaded_at desc, files.file_name, quarantine.reason
