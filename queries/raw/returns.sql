-- The loaded returns lists: one row per record. Their values take precedence over those in the logs.
--
-- key: file_id, row_no
create table raw.returns (
    firm_id varchar,        -- The account of the platform: a column of the list, or its source's setting.
    return_id varchar,      -- The return, as the platform names it; a keyed hash where the list uses an SSN or ITIN.
    exported_at timestamp,  -- When the list was exported (UTC), if it says so.
    client_id varchar,      -- The firm's number of the client; a keyed hash where it is an SSN or ITIN.
    client_name varchar,    -- The client, as in the list.
    group_name varchar,     -- The group of clients that share one link.
    tax_year integer,       -- The tax year of the return.
    return_type varchar,    -- The form as written in the list.
    is_joint boolean,       -- Two people sign.
    office varchar,         -- The office of the firm.
    partner varchar,        -- The firm's partner responsible for the return.
    ero_signer varchar,     -- Who signs for the firm (ERO).
    preparer varchar,       -- Who prepares the return.
    due_date date,          -- The day the return is due.
    is_extended boolean,    -- The return is on extension.
    extra varchar,          -- Unmapped columns and attributes that could not be read, as JSON; null for none.
    file_id varchar,        -- The loaded file, a row of raw.files.
    row_no bigint           -- The record's number in the file, from 1, its header not counted.
)
