-- The records whose content is that of another record, in the same file or in another: one row per record.
--
-- key: file_no, row_no
create table raw.occurrences (
    file_no integer,          -- The number of the loaded log, as raw.file_numbers gives it, from 1.
    row_no bigint,            -- The record's number in the file, from 1, its header not counted.
    return_key bigint,        -- The return as a number: a hash of firm and return that no engine changes.
    event_at timestamp,       -- The time of the event (UTC).
    content_hash bigint,      -- The first 64 bits of row_hash, as a number that sorts alike.
    source_event_id varchar,  -- The platform's own id of the event.
    occurrence_no integer     -- How often this content, with this id, has occurred in the file so far, from 1.
)
