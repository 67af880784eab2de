-- The e-signatures of web hooks that belong to returns which are purged: a signature names its return by its client only.
select signatures.file_id, signatures.row_no
from model.joined_signatures as signatures
join model.returns as returns on returns.return_key = signatures.return_key
semi join (
    select unnest($firm_ids) as firm_id, unnest($return_ids) as return_id
) as purged on purged.firm_id = returns.firm_id and purged.return_id = returns.return_id
