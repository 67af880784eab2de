-- Whether a delivery is signed, and how that is known: only web hooks say when somebody e-signed, and the log has no event
-- for it, so the best available evidence decides. One row per delivery.
--
-- key: return_key, cycle_no
-- by: return
-- check: signed_basis in ('seen', 'esigned', 'picked_up', 'uploaded') or signed_basis is null
-- check: signature_state in ('signed', 'probably signed', 'partly signed', 'paper', 'not signed')
-- check: (signature_state = 'signed') = (signed_basis is not null and signed_at is not null)
-- check: signed_basis is null or signed_basis <> 'picked_up' or signed_at <= picked_up_at
-- check: (signature_state = 'not signed') = (signature_state_at is null)
with pickups as (
    select
        return_key,
        cycle_no,
        min(event_no) as event_no,
        min(event_at) as picked_up_at,
        max(event_at) as last_picked_up_at
    from model.delivery_acts
    where code = 'efile_forms_downloaded_by_firm'
    group by return_key, cycle_no
),
-- A web hook says that everyone has e-signed. An e-signature in a web hook at most ten minutes before was the last one.
statuses as (
    select return_key, cycle_no, min(event_at) as all_esigned_at
    from model.delivery_acts
    where code = 'return_esigned'
    group by return_key, cycle_no
),
last_signatures as (
    select statuses.return_key, statuses.cycle_no, max(acts.event_at) as seen_at
    from statuses
    join model.delivery_acts as acts using (return_key, cycle_no)
    where acts.code = 'signature_seen' and acts.is_required
        and acts.event_at <= statuses.all_esigned_at
        and acts.event_at >= statuses.all_esigned_at - interval '10' minute
    group by statuses.return_key, statuses.cycle_no
),
acts_before as (
    select return_key, cycle_no, event_no, event_at, null as taken_back_event_no
    from model.delivery_acts
    where code = 'kba_passed' and is_required
    union all
    select return_key, cycle_no, event_no, event_at, taken_back_event_no
    from model.delivery_uploads
),
-- The last identity check or upload before the first pickup that was not deleted by then.
signed_before as (
    select pickups.return_key, pickups.cycle_no, max(acts.event_at) as acted_at
    from pickups
    join acts_before as acts using (return_key, cycle_no)
    where acts.event_no < pickups.event_no
        and coalesce(acts.taken_back_event_no, pickups.event_no + 1) > pickups.event_no
    group by pickups.return_key, pickups.cycle_no
),
uploads as (
    select
        return_key,
        cycle_no,
        min(event_at) as uploaded_at,
        max(event_at) as last_uploaded_at
    from model.delivery_uploads
    where taken_back_event_no is null
    group by return_key, cycle_no
),
papers as (
    select return_key, cycle_no, min(event_at) as paper_consented_at
    from model.delivery_acts
    where code = 'paper_filing_consented'
    group by return_key, cycle_no
),
evidence as (
    select
        starts.return_key,
        starts.cycle_no,
        acts.first_acted_at,
        acts.acted_by_all_at,
        acts.kba_passed_at,
        acts.kba_passed_count,
        acts.esigned_at,
        case
            when acts.seen_count = case when attributes.is_joint then 2 else 1 end then acts.seen_at
            else coalesce(last_signatures.seen_at, statuses.all_esigned_at)
        end as seen_at,
        uploads.uploaded_at,
        uploads.last_uploaded_at,
        pickups.picked_up_at,
        pickups.last_picked_up_at,
        signed_before.acted_at,
        papers.paper_consented_at,
        case
            when acts.seen_count = case when attributes.is_joint then 2 else 1 end
                or statuses.all_esigned_at is not null then 'seen'
            when acts.esigned_count = case when attributes.is_joint then 2 else 1 end then 'esigned'
            when pickups.picked_up_at is not null then 'picked_up'
            when uploads.uploaded_at is not null then 'uploaded'
        end as signed_basis
    from model.delivery_starts as starts
    join model.attributes as attributes using (return_key)
    left join model.signing_acts as acts using (return_key, cycle_no)
    left join statuses using (return_key, cycle_no)
    left join last_signatures using (return_key, cycle_no)
    left join pickups using (return_key, cycle_no)
    left join signed_before using (return_key, cycle_no)
    left join uploads using (return_key, cycle_no)
    left join papers using (return_key, cycle_no)
),
judged as (
    select
        return_key, cycle_no, first_acted_at, acted_by_all_at, kba_passed_at, kba_passed_count, uploaded_at,
        picked_up_at, last_picked_up_at, paper_consented_at, signed_basis,
        case signed_basis
            when 'seen' then seen_at
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
    return_key,
    cycle_no,
    coalesce(kba_passed_count, 0) as kba_passed_count, -- Identity checks passed by required signers; one person may have two.
    kba_passed_at,          -- When a required signer first passed the identity questions (UTC).
    uploaded_at,            -- The first upload of hand-signed forms that was not deleted (UTC); null if all were.
    picked_up_at,           -- When the firm first downloaded the signed e-file forms (UTC).
    last_picked_up_at,      -- When the firm last downloaded them (UTC).
    paper_consented_at,     -- When the client first consented to print, sign and mail (UTC), which is not a signature.
    signed_at,              -- When the client signed, else the pickup (UTC); null unless signed.
    signed_basis,           -- The best evidence of the signature: seen (in a web hook, with its moment), esigned,
                            -- picked_up or uploaded; null unless signed.
    signature_state,        -- signed, probably signed, partly signed (one of two), paper or not signed.
    case signature_state
        when 'signed' then signed_at
        when 'probably signed' then acted_by_all_at
        when 'partly signed' then first_acted_at
        when 'paper' then paper_consented_at
    end as signature_state_at -- When the event that led to the state happened (UTC); null for not signed.
from judged
