-- The attributes of a return in the logs: the newest value of each that is not empty. One row per return.
--
-- key: firm_id, return_id
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
from model.said_attributes
group by firm_id, return_id
