-- A short number for each loaded log and file of web hooks, so that a record does not carry the file's id. One row per file.
--
-- key: file_no
create table raw.file_numbers (
    file_no integer,    -- The number of the loaded log, as raw.file_numbers gives it, from 1.
    file_id varchar,    -- The loaded file, a row of raw.files.
    is_web_hook boolean -- Its records come from web hooks.
)
