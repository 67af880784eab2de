-- All loaded files in one row: how many were loaded and refused, and what happened to their records.
--
-- check: record_count = kept_count + quarantined_count + purged_count
-- access: everyone
with totals as (
    select
        count(*) filter (where state = 'loaded') as loaded_count,
        count(*) filter (where state = 'refused') as refused_count,
        cast(coalesce(sum(record_count) filter (where state = 'loaded'), 0) as bigint) as record_count,
        cast(coalesce(sum(kept_count) filter (where state = 'loaded'), 0) as bigint) as kept_count,
        cast(coalesce(sum(quarantined_count) filter (where state = 'loaded'), 0) as bigint) as quarantined_count,
        cast(coalesce(sum(purged_count) filter (where state = 'loaded'), 0) as bigint) as purged_count,
        max(loaded_at) filter (where state = 'loaded') as last_loaded_at
    from raw.files
)
select
    loaded_count,                                                    -- Files in the store.
    refused_count,                                                   -- Files that were refused and not loaded since.
    record_count,                                                    -- Records of the loaded files.
    kept_count,                                                      -- Those that were loaded.
    quarantined_count,                                               -- Those that were quarantined.
    purged_count,                                                    -- Those of purged returns, which are stored nowhere.
    percent(quarantined_count, record_count) as quarantined_percent, -- quarantined_count of record_count.
    last_loaded_at                                                   -- The newest load (UTC).
from totals
order by loaded_count
