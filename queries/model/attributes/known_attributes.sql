-- The known attributes of each return: the newest value that is not empty in the returns lists, else in the web hooks about
-- its client, else in the logs, else in the web hooks about its status. One row per return that has events.
--
-- key: return_key
-- by: return
with newest as (
    select
        records.file_no,
        records.set_no,
        max(records.event_at) as said_at,
        max(place_in_file(records.event_at, records.row_no)) as place
    from raw.records as records
    where records.event_at <= (select build.as_of from raw.build as build)
    group by records.file_no, records.set_no
),
-- Repeated events count too, since a newer export may repeat an old event with a corrected client name.
said as (
    select
        sets.return_key, sets.firm_id, sets.return_id, sets.client_id, sets.client_name, sets.group_name, sets.tax_year,
        sets.return_type, sets.is_joint, sets.office, sets.partner, sets.ero_signer, sets.preparer, sets.due_date,
        sets.is_extended,
        row_number() over (
            partition by sets.return_key
            order by
                case when files.is_web_hook then 0 else 1 end nulls last,
                files.newest_at nulls last,
                newest.said_at nulls last,
                files.file_id nulls last,
                newest.place nulls last
        ) as saying_no
    from raw.attribute_sets as sets
    join newest using (file_no, set_no)
    join model.newest_events as files using (file_no)
),
logged as (
    select
        return_key,
        firm_id,
        return_id,
        max_by(client_id, saying_no) filter (where client_id is not null) as client_id,
        max_by(client_name, saying_no) filter (where client_name is not null) as client_name,
        max_by(group_name, saying_no) filter (where group_name is not null) as group_name,
        max_by(tax_year, saying_no) filter (where tax_year is not null) as tax_year,
        max_by(return_type, saying_no) filter (where return_type is not null) as return_type,
        max_by(is_joint, saying_no) filter (where is_joint is not null) as is_joint,
        max_by(office, saying_no) filter (where office is not null) as office,
        max_by(partner, saying_no) filter (where partner is not null) as partner,
        max_by(ero_signer, saying_no) filter (where ero_signer is not null) as ero_signer,
        max_by(preparer, saying_no) filter (where preparer is not null) as preparer,
        max_by(due_date, saying_no) filter (where due_date is not null) as due_date,
        max_by(is_extended, saying_no) filter (where is_extended is not null) as is_extended
    from said
    group by return_key, firm_id, return_id
),
listed as (
    select
        returns.firm_id, returns.return_id, returns.client_id, returns.client_name, returns.group_name,
        returns.tax_year, returns.return_type, returns.is_joint, returns.office, returns.partner, returns.ero_signer,
        returns.preparer, returns.due_date, returns.is_extended,
        row_number() over (
            partition by returns.firm_id, returns.return_id
            order by
                coalesce(returns.exported_at, files.loaded_at) nulls first,
                returns.file_id nulls last,
                returns.row_no nulls last
        ) as saying_no
    from raw.returns as returns
    left join raw.files as files using (file_id)
),
registered as (
    select
        firm_id,
        return_id,
        max_by(client_id, saying_no) filter (where client_id is not null) as client_id,
        max_by(client_name, saying_no) filter (where client_name is not null) as client_name,
        max_by(group_name, saying_no) filter (where group_name is not null) as group_name,
        max_by(tax_year, saying_no) filter (where tax_year is not null) as tax_year,
        max_by(return_type, saying_no) filter (where return_type is not null) as return_type,
        max_by(is_joint, saying_no) filter (where is_joint is not null) as is_joint,
        max_by(office, saying_no) filter (where office is not null) as office,
        max_by(partner, saying_no) filter (where partner is not null) as partner,
        max_by(ero_signer, saying_no) filter (where ero_signer is not null) as ero_signer,
        max_by(preparer, saying_no) filter (where preparer is not null) as preparer,
        max_by(due_date, saying_no) filter (where due_date is not null) as due_date,
        max_by(is_extended, saying_no) filter (where is_extended is not null) as is_extended
    from listed
    group by firm_id, return_id
),
-- A client's newest web hook that says so. One without a moment is as new as its load.
told as (
    select
        hooks.firm_id, hooks.client_id, hooks.is_joint, hooks.office,
        row_number() over (
            partition by hooks.firm_id, hooks.client_id
            order by
                coalesce(hooks.seen_at, files.loaded_at) nulls first,
                hooks.file_id nulls last,
                hooks.row_no nulls last
        ) as saying_no
    from raw.webhook as hooks
    left join raw.files as files using (file_id)
    where hooks.body = 'client'
),
clients as (
    select
        firm_id,
        client_id,
        max_by(is_joint, saying_no) filter (where is_joint is not null) as is_joint,
        max_by(office, saying_no) filter (where office is not null) as office
    from told
    group by firm_id, client_id
),
forms as (
    select lowered(squeezed(spelling)) as spelling, min(return_type) as return_type
    from ref.forms
    group by lowered(squeezed(spelling))
),
written as (
    select return_type from logged
    union
    select return_type from registered
),
read_forms as (
    select written.return_type as written, forms.return_type
    from written
    join forms on forms.spelling = lowered(squeezed(written.return_type))
)
select
    logged.return_key,
    logged.firm_id,     -- The account of the platform: a column of the export, or its source's setting.
    logged.return_id,   -- The return, as the platform names it; a keyed hash where the export uses an SSN or ITIN.
    coalesce(registered.client_id, logged.client_id) as client_id, -- The firm's number of the client.
    coalesce(registered.client_name, logged.client_name) as client_name, -- The client, as in the returns list or the newest log row.
    coalesce(registered.group_name, logged.group_name) as group_name, -- The group of clients that share one link.
    coalesce(registered.tax_year, logged.tax_year) as tax_year, -- The year that the return is for.
    coalesce(
        read_forms.return_type,
        registered.return_type,
        logged.return_type
    ) as return_type,   -- The form as ref.forms spells it; as written if it is not there.
    read_forms.return_type is not null as is_known_type, -- The form is in ref.forms.
    coalesce(
        registered.is_joint, clients.is_joint, logged.is_joint
    ) as is_joint,      -- As the returns list, a web hook or the log says; null if none does.
    coalesce(registered.office, clients.office, logged.office) as office, -- The office of the firm.
    coalesce(registered.partner, logged.partner) as partner, -- The firm's partner responsible for the return.
    coalesce(registered.ero_signer, logged.ero_signer) as ero_signer, -- Who signs for the firm.
    coalesce(registered.preparer, logged.preparer) as preparer, -- Who prepares the return.
    coalesce(registered.due_date, logged.due_date) as due_date, -- The day it is due, as the returns list or the log says.
    coalesce(registered.is_extended, logged.is_extended) as is_extended -- On extension; null if not known.
from logged
left join registered using (firm_id, return_id)
left join clients
    on clients.firm_id = logged.firm_id
    and clients.client_id = coalesce(registered.client_id, logged.client_id)
left join read_forms on read_forms.written = coalesce(registered.return_type, logged.return_type)
