-- Whether a delivery is signed, and how that is known: the log has no event for the e-signature itself, so the best
-- available evidence decides. One row per delivery.
--
-- key: firm_id, return_id, cycle_no
-- check: signature_state in ('signed', 'probably signed', 'partly signed', 'paper', 'not signed')
-- check: (signature_state = 'signed') = (signed_basis is not null and signed_at is not null)
-- check: (signature_state = 'not signed') = (signature_state_at is null)
with judged as (
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
    from model.signing_evidence
)
select
    firm_id,
    return_id,
    cycle_no,
    coalesce(kba_passed_count, 0) as kba_passed_count, -- Identity checks passed by required signers; one person may have two.
    kba_passed_at,          -- When a required signer first passed the identity questions (UTC).
    uploaded_at,
    picked_up_at,           -- When the firm first downloaded the signed e-file forms (UTC).
    last_picked_up_at,      -- When the firm last downloaded them (UTC).
    paper_consented_at,
    signed_at,              -- When the client signed, else the pickup (UTC); null unless signed.
    signed_basis,           -- The best evidence of the signature: esigned, picked_up or uploaded; null unless signed.
    signature_state,        -- signed, probably signed, partly signed (one of two), paper or not signed.
    case signature_state
        when 'signed' then signed_at
        when 'probably signed' then acted_by_all_at
        when 'partly signed' then first_acted_at
        when 'paper' then paper_consented_at
    end as signature_state_at -- When the event that led to the state happened (UTC); null for not signed.
from judged
