-- The ledger: one row per file that was loaded or refused. Every record of a file is counted here.
--
-- key: file_id
-- check: state <> 'loaded' or record_count = kept_count + quarantined_count + purged_count
create table raw.files (
    file_id varchar,             -- The start of the SHA-256 of the unpacked bytes and of values that do not come from them; for a refused file, of the file as it is.
    file_name varchar,           -- The file's name, with the member of an archive and the sheet of a workbook; SSNs and ITINs replaced.
    source varchar,              -- The [[source]] of settings.toml that mapped it.
    kind varchar,                -- events or returns.
    state varchar,               -- loaded or refused.
    reason varchar,              -- Why it was refused, and what to do; for a loaded file a remark, such as an unfinished last line.
    record_count bigint,         -- Records in the file, counted separately from loading it.
    kept_count bigint,           -- Records that were loaded.
    quarantined_count bigint,    -- Records that could not be read and were quarantined, each with its number and a reason.
    purged_count bigint,         -- Records of purged returns, which are stored nowhere.
    distinct_count bigint,       -- Kept events that are not copies of another record; null for a returns list.
    repeated_count bigint,       -- Kept events that are copies of another record; null for a returns list.
    later_count bigint,          -- Kept events later than as_of, left out of the models; null for a returns list.
    redacted_count bigint,       -- SSNs and ITINs that were replaced, and ids of nine digits that may be some.
    time_zone varchar,           -- The time zones that the file names, and where, such as UTC, as the heading says; null if none: then the source's.
    repeats varchar,             -- copies, if equal lines of the file are copies of one event, as its source says; else null.
    unmapped_columns varchar,    -- Unmapped headings, whose values are in extra; a JSON list.
    loaded_at timestamp,         -- When it was loaded or refused (UTC).
    content_id varchar           -- The start of the SHA-256 of the unpacked bytes; of a file that was refused as a whole, its file_id.
)
