-- Quarantined records, which could not be read: one row per record, with the reason. The text of the record is only in the
-- store, in quarantine.parquet of its part.
--
-- key: file_id, row_no
create table raw.quarantine (
    file_id varchar,  -- The loaded file, a row of raw.files.
    row_no bigint,    -- The record's number in the file, from 1, its header not counted.
    reason varchar    -- The code of the reason, such as unreadable_time.
)
