-- The e-signatures of web hooks, each once, with the return that it belongs to: by its id if the body has one; else the only
-- return of the same client (name or address), form and year; else, where the log names no client, the only return of that
-- form and year that was delivered in the same second. One row per signature, also of those that belong to no return.
--
-- key: file_id, row_no
-- check: (return_key is null) = (joined_by is null)
-- check: joined_by is null or joined_by in ('return id', 'client', 'moment of delivery')
with spoken as (
    select
        hooks.file_id, hooks.row_no, hooks.firm_id, hooks.tax_return_id, hooks.client_name, hooks.tax_year,
        hooks.return_type, hooks.signer_email, hooks.delivered_at, hooks.seen_at, hooks.event_on,
        lowered(squeezed(hooks.client_name)) as name,
        case lowered(squeezed(hooks.signer))
            when 'taxpayer' then 'Taxpayer: E-signed (web hook)'
            when 'spouse' then 'Spouse: E-signed (web hook)'
            else 'E-signed (web hook)'
        end as pattern,
        row_number() over (
            partition by
                hooks.firm_id, hooks.tax_return_id, hooks.client_name, hooks.signer, hooks.signer_email, hooks.tax_year,
                hooks.return_type, hooks.delivered_at, hooks.seen_at
            order by hooks.file_id nulls last, hooks.row_no nulls last
        ) as copy_no
    from raw.webhook as hooks
    where hooks.body = 'signature' and hooks.seen_at <= (select build.as_of from raw.build as build)
),
forms as (
    select lowered(squeezed(spelling)) as spelling, min(return_type) as return_type
    from ref.forms
    group by lowered(squeezed(spelling))
),
signatures as (
    select
        spoken.file_id, spoken.row_no, spoken.firm_id, spoken.tax_return_id, spoken.tax_year,
        coalesce(forms.return_type, spoken.return_type) as return_type,
        spoken.name, spoken.delivered_at, spoken.seen_at, spoken.event_on, spoken.pattern,
        lowered(squeezed(spoken.signer_email)) as email,
        split_part(spoken.name, ' ', 1) as first_name,
        extracted(spoken.name, '[^ ]+$') as surname
    from spoken
    left join forms on forms.spelling = lowered(squeezed(spoken.return_type))
    where spoken.copy_no = 1
),
-- A name is Lee, Avery & Robin, or Avery Lee, or of a company.
returns as (
    select
        known.return_key, known.firm_id, known.return_id, known.tax_year, known.return_type, known.client_name,
        lowered(squeezed(known.client_name)) as name,
        case
            when known.client_name like '%,%' then split_part(lowered(squeezed(known.client_name)), ',', 1)
            else extracted(lowered(squeezed(known.client_name)), '[^ ]+$')
        end as surname
    from model.known_attributes as known
    where exists (select 1 from signatures)
),
emails as (
    select distinct records.return_key, lowered(squeezed(records.recipient_email)) as email
    from raw.records as records
    join model.labels as labels using (label_no)
    join (select distinct signatures.email from signatures) as wanted
        on wanted.email = lowered(squeezed(records.recipient_email))
    where labels.mail_kind in ('initial', 'access_code')
),
deliveries as (
    select distinct records.return_key, records.event_at
    from raw.records as records
    join model.labels as labels using (label_no)
    where labels.is_deliver and exists (select 1 from signatures)
),
found as (
    select signatures.file_id, signatures.row_no, returns.return_key, 1 as strength
    from signatures
    join returns on returns.firm_id = signatures.firm_id and returns.return_id = signatures.tax_return_id
    union
    select signatures.file_id, signatures.row_no, returns.return_key, 2 as strength
    from signatures
    join returns
        on returns.firm_id = signatures.firm_id
        and returns.tax_year = signatures.tax_year
        and returns.return_type = signatures.return_type
    join emails on emails.return_key = returns.return_key and emails.email = signatures.email
    where signatures.tax_return_id is null
    union
    select signatures.file_id, signatures.row_no, returns.return_key, 2 as strength
    from signatures
    join returns
        on returns.firm_id = signatures.firm_id
        and returns.tax_year = signatures.tax_year
        and returns.return_type = signatures.return_type
        and returns.surname = signatures.surname
    where signatures.tax_return_id is null
        and (
            returns.name = signatures.name
            or ' ' || replace(replace(returns.name, ',', ' '), '&', ' ') || ' ' like '% ' || signatures.first_name || ' %'
        )
    union
    select signatures.file_id, signatures.row_no, returns.return_key, 3 as strength
    from signatures
    join returns
        on returns.firm_id = signatures.firm_id
        and returns.tax_year = signatures.tax_year
        and returns.return_type = signatures.return_type
    join deliveries
        on deliveries.return_key = returns.return_key
        and deliveries.event_at >= signatures.delivered_at - interval '1' second
        and deliveries.event_at <= signatures.delivered_at + interval '1' second
    where signatures.tax_return_id is null
        and (returns.client_name is null or returns.return_type not like '1040%')
),
strongest as (
    select file_id, row_no, min(strength) as strength
    from found
    group by file_id, row_no
),
counted as (
    select
        found.file_id, found.row_no, found.strength,
        count(*) as return_count,
        min(found.return_key) as return_key
    from found
    join strongest using (file_id, row_no, strength)
    group by found.file_id, found.row_no, found.strength
),
-- Of several returns of one client, the one that was delivered in that second.
narrowed as (
    select found.file_id, found.row_no, count(distinct found.return_key) as return_count, min(found.return_key) as return_key
    from counted
    join found using (file_id, row_no, strength)
    join signatures using (file_id, row_no)
    join deliveries
        on deliveries.return_key = found.return_key
        and deliveries.event_at >= signatures.delivered_at - interval '1' second
        and deliveries.event_at <= signatures.delivered_at + interval '1' second
    where counted.return_count > 1
    group by found.file_id, found.row_no
),
decided as (
    select
        counted.file_id, counted.row_no, counted.strength,
        counted.return_count,
        case
            when counted.return_count = 1 then counted.return_key
            when narrowed.return_count = 1 then narrowed.return_key
        end as return_key
    from counted
    left join narrowed using (file_id, row_no)
)
select
    signatures.file_id,
    signatures.row_no,
    signatures.firm_id, -- The account of the platform, as its source's setting names it.
    signatures.seen_at, -- When the signer e-signed (UTC).
    signatures.event_on,
    files.file_no,
    labels.label_no,
    decided.return_key,
    case
        when decided.return_key is null then null
        when decided.strength = 1 then 'return id'
        when decided.strength = 2 then 'client'
        else 'moment of delivery'
    end as joined_by,   -- return id, client, or moment of delivery; null for a signature that belongs to no return.
    coalesce(decided.return_count, 0) as return_count -- The returns that it may belong to.
from signatures
join raw.file_numbers as files using (file_id)
join raw.label_texts as labels
    on labels.tab = 'Client'
    and labels.pattern = signatures.pattern
    and labels.logged_status = ''
left join decided using (file_id, row_no)
