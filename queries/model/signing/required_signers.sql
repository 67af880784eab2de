-- Who must sign a delivery: the taxpayer, and on a joint return also the spouse. One row per required signer.
--
-- key: firm_id, return_id, cycle_no, signer
-- check: signer in ('taxpayer', 'spouse')
select
    starts.firm_id,
    starts.return_id,
    starts.cycle_no,
    'taxpayer' as signer -- taxpayer or spouse; the one signer of an entity is called taxpayer.
from model.delivery_starts as starts
union all
select
    starts.firm_id,
    starts.return_id,
    starts.cycle_no,
    'spouse' as signer  -- taxpayer or spouse; the one signer of an entity is called taxpayer.
from model.delivery_starts as starts
join model.attributes as attributes using (firm_id, return_id)
where attributes.is_joint
