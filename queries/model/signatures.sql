-- Whether a delivery is signed, and how that is known: the log has no event for the e-signature itself, so the best
-- evidence there is decides. One row per delivery.
--
-- key: firm_id, return_id, cycle_no
-- check: signature_state in ('signed', 'probably signed', 'partly signed', 'paper', 'not signed')
-- check: (signature_state = 'signed') = (signed_basis is not null and signed_at is not null)
-- check: (signature_state = 'not signed') = (signature_state_at is null)
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
),
evidence as (
    select
        starts.firm_id, starts.return_id, starts.cycle_no, attributes.is_joint,
        acts.first_acted_at, acts.acted_by_all_at, acts.kba_passed_at, acts.kba_passed_count, acts.esigned_at,
        uploads.uploaded_at, uploads.last_uploaded_at, papers.paper_consented_at,
        pickups.picked_up_at, pickups.last_picked_up_at, pickups.acted_at,
        case
            when acts.esigned_count = case when attributes.is_joint then 2 else 1 end then 'esigned'
            when pickups.picked_up_at is not null then 'picked_up'
            when uploads.uploaded_at is not null then 'uploaded'
        end as signed_basis
    from model.delivery_starts as starts
    join model.attributes as attributes
        on attributes.firm_id = starts.firm_id and attributes.return_id = starts.return_id
    left join model.signing_acts as acts
        on acts.firm_id = starts.firm_id and acts.return_id = starts.return_id and acts.cycle_no = starts.cycle_no
    left join model.pickups as pickups
        on pickups.firm_id = starts.firm_id and pickups.return_id = starts.return_id and pickups.cycle_no = starts.cycle_no
    left join uploads
        on uploads.firm_id = starts.firm_id and uploads.return_id = starts.return_id and uploads.cycle_no = starts.cycle_no
    left join papers
        on papers.firm_id = starts.firm_id and papers.return_id = starts.return_id and papers.cycle_no = starts.cycle_no
),
judged as (
    select
        firm_id, return_id, cycle_no, first_acted_at, acted_by_all_at, kba_passed_at, kba_passed_count, uploaded_at,
        picked_up_at, last_picked_up_at, paper_consented_at, signed_basis,
        case signed_basis
            when 'esigned' then esigned_at
            when 'picked_up' then coalesce(acted_at, picked_up_at)
            when 'uploaded' then last_uploaded_at
        end as signed_at,
        case
            when signed_basis is not null then 'signed'
            when acted_by_all_at is not null then 'probably signed'
            when first_acted_at is not null then 'partly signed'
            when paper_consented_at is not null then 'paper'
            else 'not signed'
        end as signature_state
    from evidence
)
select
    firm_id,
    return_id,
    cycle_no,
    coalesce(kba_passed_count, 0) as kba_passed_count, -- Passes of whoever must sign; one person may have two.
    kba_passed_at,          -- A required signer first passed the identity questions (UTC).
    uploaded_at,            -- The first upload of hand-signed forms that stands (UTC); null once all are deleted.
    picked_up_at,           -- The firm first downloaded the signed e-file forms (UTC).
    last_picked_up_at,      -- The firm last downloaded them (UTC).
    paper_consented_at,     -- The client first consented to print, sign and mail (UTC), which is no signature.
    signed_at,              -- The client's act that signed it, where the log shows one, else the pickup (UTC); null unless signed.
    signed_basis,           -- The best evidence of the signature: esigned, picked_up or uploaded; null unless signed.
    signature_state,        -- signed, probably signed, partly signed (one of two), paper or not signed: what the log shows.
    case signature_state
        when 'signed' then signed_at
        when 'probably signed' then acted_by_all_at
        when 'partly signed' then first_acted_at
        when 'paper' then paper_consented_at
    end as signature_state_at -- The act that led to the state (UTC); null for not signed.
from judged
