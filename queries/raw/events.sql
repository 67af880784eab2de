-- The loaded logs: one row per record, as logged. Every kind of export is mapped to these columns.
--
-- key: file_id, row_no
create table raw.events (
    firm_id varchar,          -- The account of the platform: a column of the export, or its source's setting.
    return_id varchar,        -- The return, as the platform names it; a keyed hash where the export uses an SSN or ITIN.
    tab varchar,              -- Client (what the client did) or Internal (what the firm did): where the platform shows it.
    label varchar,            -- The label as logged, SSNs and ITINs replaced by [TIN]; the text null is a real label.
    pattern varchar,          -- The tidied label with "..." in place of text in quotes.
    subject varchar,          -- The text in quotes: a file, or the name of a K-1 partner.
    status varchar,           -- The sub-status as logged, if the export has a column for it.
    event_time varchar,       -- The time as logged, text.
    event_at timestamp,       -- The time of the event (UTC).
    event_on date,            -- The calendar date of the event in the firm's time zone.
    time_note varchar,        -- ambiguous (repeated hour, read as the first), shifted (missing hour, moved forward), else null.
    actor varchar,            -- Who did it, as logged.
    recipient_email varchar,  -- The address that an email went to.
    ip_address varchar,       -- The IP address that the action came from.
    source_event_id varchar,  -- The platform's own id of the event.
    detail varchar,           -- Other details of the event, such as the reason of a bounce.
    client_id varchar,        -- The firm's number of the client; a keyed hash where it is an SSN or ITIN.
    client_name varchar,      -- The client, as logged with this event.
    group_name varchar,       -- The group of clients that share one link.
    tax_year integer,         -- The tax year of the return.
    return_type varchar,      -- The form as logged.
    is_joint boolean,         -- Two people sign.
    office varchar,           -- The office of the firm.
    partner varchar,          -- The firm's partner responsible for the return.
    ero_signer varchar,       -- Who signs for the firm (ERO).
    preparer varchar,         -- Who prepares the return.
    due_date date,            -- The day the return is due, as the export says.
    is_extended boolean,      -- The return is on extension.
    extra varchar,            -- Unmapped columns and attributes that could not be read, as JSON; null for none.
    file_id varchar,          -- The loaded file, a row of raw.files.
    row_no bigint,            -- The record's number in the file, from 1, its header not counted.
    occurrence_no integer,    -- How often this content has occurred in the file so far, from 1.
    row_hash varchar          -- A hash (md5) of firm, return, tab, tidied label, status, UTC time, actor, email and detail.
)
