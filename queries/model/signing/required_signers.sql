-- Who must sign a delivery: the taxpayer, and on a joint return also the spouse. One row per required signer.
--
-- key: return_key, cycle_no, signer
-- by: return
-- check: signer in ('taxpayer', 'spouse')
select
    starts.return_key,
    starts.cycle_no,
    'taxpayer' as signer -- taxpayer or spouse; the one signer of an entity is called taxpayer.
from model.delivery_starts as starts
union all
select
    starts.return_key,
    starts.cycle_no,
    'spouse' as signer  -- taxpayer or spouse; the one signer of an entity is called taxpayer.
from model.delivery_starts as starts
join model.attributes as attributes using (return_key)
where attributes.is_joint
