-- The attributes of a return as the records of a file repeat them: one row per file, return and set of values.
--
-- key: file_no, set_no
create table raw.attribute_sets (
    file_no integer,          -- The number of the loaded log, as raw.file_numbers gives it, from 1.
    set_no integer,           -- The number of the attributes of the return, as raw.attribute_sets gives it for the file.
    return_key bigint,        -- The return as a number: a hash of firm and return that no engine changes.
    firm_id varchar,          -- The account of the platform: a column of the export, or its source's setting.
    return_id varchar,        -- The return, as the platform names it; a keyed hash where the export uses an SSN or ITIN.
    client_id varchar,        -- The firm's number of the client; a keyed hash where it is an SSN or ITIN.
    client_name varchar,      -- The client, as logged with these records.
    group_name varchar,       -- The group of clients that share one link.
    tax_year integer,         -- The tax year of the return.
    return_type varchar,      -- The form as logged.
    is_joint boolean,         -- Two people sign.
    office varchar,           -- The office of the firm.
    partner varchar,          -- The firm's partner responsible for the return.
    ero_signer varchar,       -- Who signs for the firm (ERO).
    preparer varchar,         -- Who prepares the return.
    due_date date,            -- The day the return is due, as the export says.
    is_extended boolean       -- The return is on extension.
)
