-- What the required signers of a delivery did themselves: identity checks passed and e-signatures of Form 8879, as the log
-- or a web hook has them. One row per delivery with such an event. Other documents, and people who do not have to sign, do not count.
--
-- key: return_key, cycle_no
-- by: return
-- check: esigned_count <= 2
-- check: seen_count <= esigned_count
-- check: acted_by_all_at is null or acted_by_all_at >= first_acted_at
with acts as (
    select return_key, cycle_no, event_no, event_at, code, signer
    from model.delivery_acts
    where code in ('kba_passed', 'efile_esigned', 'signature_seen') and is_required
),
-- Two events can be two people's if they name two people, or if both are of one kind and one names nobody: an identity
-- check and a later e-signature may be one person's.
by_two as (
    select
        later.return_key,
        later.cycle_no,
        min(later.event_at) as acted_by_two_at
    from acts as earlier
    join acts as later using (return_key, cycle_no)
    where later.event_no > earlier.event_no
        and (
            earlier.signer <> later.signer
            or (earlier.code = later.code and (earlier.signer is null or later.signer is null))
        )
    group by later.return_key, later.cycle_no
),
summed as (
    select
        return_key,
        cycle_no,
        min(event_at) as first_acted_at,
        min(event_at) filter (where code = 'kba_passed') as kba_passed_at,
        count(*) filter (where code = 'kba_passed') as kba_passed_count,
        max(case when code <> 'kba_passed' and signer = 'taxpayer' then 1 else 0 end)
            + max(case when code <> 'kba_passed' and signer = 'spouse' then 1 else 0 end) as esigned_count,
        max(event_at) filter (where code <> 'kba_passed') as esigned_at,
        max(case when code = 'signature_seen' and signer = 'taxpayer' then 1 else 0 end)
            + max(case when code = 'signature_seen' and signer = 'spouse' then 1 else 0 end) as seen_count,
        max(event_at) filter (where code = 'signature_seen') as seen_at,
        min(signer) as first_signer,
        max(signer) as last_signer
    from acts
    group by return_key, cycle_no
)
select
    summed.return_key,
    summed.cycle_no,
    summed.first_acted_at,      -- The first of these events (UTC).
    case
        when attributes.is_joint then by_two.acted_by_two_at
        else summed.first_acted_at
    end as acted_by_all_at,     -- When as many had acted as must sign (UTC): on a joint return, two events that can be two people's.
    summed.kba_passed_at,       -- The first identity check passed (UTC).
    summed.kba_passed_count,    -- Identity checks passed.
    summed.esigned_count,       -- Signers whose e-signature is logged with their name.
    summed.esigned_at,          -- The last e-signature (UTC).
    summed.seen_count,          -- Signers whose e-signature is in a web hook.
    summed.seen_at,             -- The last e-signature in a web hook (UTC).
    case
        when summed.first_signer <> summed.last_signer then 'both'
        else summed.first_signer
    end as named_signer         -- Who acted by name: taxpayer, spouse or both; null if nobody is named.
from summed
join model.attributes as attributes using (return_key)
left join by_two using (return_key, cycle_no)
