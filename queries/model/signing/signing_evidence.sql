-- The evidence of a delivery's signature, and which is the best. One row per delivery.
--
-- key: firm_id, return_id, cycle_no
-- check: signed_basis in ('esigned', 'picked_up', 'uploaded') or signed_basis is null
with uploads as (
    select
        firm_id,
        return_id,
        cycle_no,
        min(event_at) as uploaded_at,
        max(event_at) as last_uploaded_at
    from model.delivery_uploads
    where taken_back_event_no is null
    group by firm_id, return_id, cycle_no
),
papers as (
    select firm_id, return_id, cycle_no, min(event_at) as paper_consented_at
    from model.delivery_acts
    where code = 'paper_filing_consented'
    group by firm_id, return_id, cycle_no
)
select
    starts.firm_id,
    starts.return_id,
    starts.cycle_no,
    acts.first_acted_at,
    acts.acted_by_all_at,
    acts.kba_passed_at,
    acts.kba_passed_count,
    acts.esigned_at,
    uploads.uploaded_at,        -- The first upload of hand-signed forms that was not deleted (UTC); null if all were.
    uploads.last_uploaded_at,   -- The last upload that was not deleted (UTC).
    pickups.picked_up_at,
    pickups.last_picked_up_at,
    pickups.acted_at,
    papers.paper_consented_at,  -- When the client first consented to print, sign and mail (UTC), which is not a signature.
    case
        when acts.esigned_count = case when attributes.is_joint then 2 else 1 end then 'esigned'
        when pickups.picked_up_at is not null then 'picked_up'
        when uploads.uploaded_at is not null then 'uploaded'
    end as signed_basis         -- The best evidence of the signature: esigned, picked_up or uploaded; null for none.
from model.delivery_starts as starts
join model.attributes as attributes using (firm_id, return_id)
left join model.signing_acts as acts using (firm_id, return_id, cycle_no)
left join model.pickups as pickups using (firm_id, return_id, cycle_no)
left join uploads using (firm_id, return_id, cycle_no)
left join papers using (firm_id, return_id, cycle_no)
