-- The e-signatures of web hooks that belong to returns which are purged: a signature names its return by its client only.
select signatures.file_id, signatures.row_no
from model.joined_signatures as signatures
join model.returns as returns using (return_key)
semi join (
    select unnest($firm_ids) as firm_id, unnest($return_ids) as return_id
) as purged using (firm_id, return_id)
