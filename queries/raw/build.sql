-- One row: as of when this warehouse is, when and from what it was built, and for which firm.
--
-- check: built_at is not null
create table raw.build (
    as_of timestamp,       -- Everything here is as of this time (UTC): the newest event that is not later than the newest load.
    before_at timestamp,   -- The same time of the working day before (UTC): what has changed since is in raw.returns_before.
    built_at timestamp,    -- When the build ran (UTC).
    version varchar,       -- The version of returntrail that built it.
    input_digest varchar,  -- A hash of the parts, refusals, settings and reference files that went in.
    firm_name varchar,     -- The firm, as its settings name it.
    timezone varchar,      -- The firm's time zone (IANA) for dates, weeks and times on screen.
    settings_digest varchar, -- A hash of the settings and reference files.
    code_digest varchar,   -- A hash of the code and the SQL that made this warehouse; null if Spark ran the models.
    full_bytes bigint      -- The size of the file after the last full build; null if this warehouse is of a full build.
)
