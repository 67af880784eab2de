-- The parts of the store that this warehouse was built from. A build that finds all of them unchanged appends to the records
-- of this warehouse, and reads no log twice. One row per loaded file.
--
-- key: file_id
create table raw.parts (
    file_id varchar,    -- The loaded file, a row of raw.files.
    seal varchar        -- The checksum of its ledger, which has the checksums of its files; null for a part of an early version.
)
