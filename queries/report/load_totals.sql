-- The ledger in one row: how many files were loaded and refused, and what became of their records.
--
-- check: record_count = kept_count + quarantined_count
select
    count(*) filter (where state = 'loaded') as loaded_count,   -- Files in the store.
    count(*) filter (where state = 'refused') as refused_count, -- Files that were refused and have not been loaded since.
    cast(coalesce(sum(record_count) filter (where state = 'loaded'), 0) as bigint) as record_count, -- Records of the loaded files.
    cast(coalesce(sum(kept_count) filter (where state = 'loaded'), 0) as bigint) as kept_count, -- Those that were loaded.
    cast(coalesce(sum(quarantined_count) filter (where state = 'loaded'), 0) as bigint) as quarantined_count, -- Those that were set aside.
    max(loaded_at) filter (where state = 'loaded') as last_loaded_at -- The newest load (UTC).
from raw.files
order by loaded_count
