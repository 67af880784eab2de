-- The ledger: one row per file that was loaded or refused. Nothing of a file is ever dropped without a count here.
--
-- key: file_id
-- check: state <> 'loaded' or record_count = kept_count + quarantined_count + purged_count
create table raw.files (
    file_id varchar,             -- The start of the SHA-256 of the unpacked bytes; of a refused file, of the file as it is.
    file_name varchar,           -- The name it was loaded under, SSNs and ITINs replaced.
    source varchar,              -- The [[source]] of settings.toml that mapped it.
    kind varchar,                -- events or returns.
    state varchar,               -- loaded or refused.
    reason varchar,              -- Why it was refused, and what to do; of a loaded file a remark, such as a last line without its end.
    record_count bigint,         -- Records in the file, counted apart from the reader that loaded it.
    kept_count bigint,           -- Records that were loaded.
    quarantined_count bigint,    -- Records that were set aside, with their number and a reason.
    purged_count bigint,         -- Records of returns that were purged, which are kept nowhere.
    distinct_count bigint,       -- Kept events that no earlier file or line holds; null for a register.
    repeated_count bigint,       -- Kept events that are copies of those; null for a register.
    later_count bigint,          -- Kept events whose time lies after as_of, left out of the models; null for a register.
    redacted_count bigint,       -- SSNs and ITINs that were replaced.
    unmapped_columns varchar,    -- Headings that nothing maps, kept in extra; a JSON list.
    loaded_at timestamp          -- When it was loaded or refused (UTC).
)
