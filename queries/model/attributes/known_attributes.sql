-- The known attributes of each return: the value of the returns list, else the newest value in the logs. One row per
-- return that has events.
--
-- key: firm_id, return_id
with forms as (
    select lowered(squeezed(spelling)) as spelling, min(return_type) as return_type
    from ref.forms
    group by lowered(squeezed(spelling))
),
written as (
    select return_type from model.logged_attributes
    union
    select return_type from model.registered_attributes
),
read_forms as (
    select written.return_type as written, forms.return_type
    from written
    join forms on forms.spelling = lowered(squeezed(written.return_type))
)
select
    logged.firm_id,
    logged.return_id,
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
    coalesce(registered.is_joint, logged.is_joint) as is_joint, -- As the returns list or the log says; null if neither does.
    coalesce(registered.office, logged.office) as office, -- The office of the firm.
    coalesce(registered.partner, logged.partner) as partner, -- The firm's partner responsible for the return.
    coalesce(registered.ero_signer, logged.ero_signer) as ero_signer, -- Who signs for the firm.
    coalesce(registered.preparer, logged.preparer) as preparer, -- Who prepares the return.
    coalesce(registered.due_date, logged.due_date) as due_date, -- The day it is due, as the returns list or the log says.
    coalesce(registered.is_extended, logged.is_extended) as is_extended -- On extension; null if not known.
from model.logged_attributes as logged
left join model.registered_attributes as registered using (firm_id, return_id)
left join read_forms on read_forms.written = coalesce(registered.return_type, logged.return_type)
