-- The bodies of web hooks except status changes, which are events of raw.events: e-signatures, changed clients, and bodies of
-- other products, which are only counted. One row per changed client, per body of another product, and per signer of an
-- e-sign body. Links to documents are stored nowhere.
--
-- key: file_id, row_no
-- check: body in ('signature', 'client', 'other')
-- check: body <> 'signature' or seen_at is not null
create table raw.webhook (
    firm_id varchar,        -- The account of the platform, as its source's setting names it.
    body varchar,           -- signature, client, or other: of another product.
    product varchar,        -- Of other products, the number of the event and what it is about; else null.
    tax_return_id varchar,  -- The return, if the body names one; the e-sign bodies that are known name none.
    client_id varchar,      -- The firm's number of the client; a keyed hash where it is an SSN or ITIN.
    client_name varchar,    -- The signer, as the e-sign body has it.
    tax_year integer,       -- The tax year of the return.
    return_type varchar,    -- The form as written in the body.
    is_joint boolean,       -- The client files jointly.
    office varchar,         -- The office of the client.
    signer varchar,         -- The kind of signer as written: Taxpayer, Spouse or another word.
    signer_email varchar,   -- The address of the signer.
    documents varchar,      -- The names of the documents that were signed.
    delivered_at timestamp, -- When the platform delivered the return that was signed (UTC).
    seen_at timestamp,      -- When the signer e-signed (UTC); of other bodies, when the receiver got them, if it says so.
    event_on date,          -- The calendar date of the event in the firm's time zone.
    extra varchar,          -- What else is in the body, without links, as JSON; null for none.
    file_id varchar,        -- The loaded file, a row of raw.files.
    row_no bigint           -- The record's number in the file, from 1, its header not counted.
)
