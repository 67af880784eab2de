-- Who must sign a delivery, and what the log shows of each signer. One row per required signer: the taxpayer, and on a
-- joint return also the spouse. On a joint return, an event that names nobody counts for neither.
--
-- key: firm_id, return_id, cycle_no, signer
-- by: return
-- check: signer in ('taxpayer', 'spouse')
with acted as (
    select
        return_key,
        cycle_no,
        signer,
        min(event_at) filter (where code = 'return_accessed') as accessed_at,
        min(event_at) filter (where code = 'kba_passed') as kba_passed_at,
        coalesce(
            max(event_at) filter (where code = 'signature_seen'),
            max(event_at) filter (where code = 'efile_esigned')
        ) as esigned_at,
        min(event_at) filter (where code = 'other_documents_esigned') as other_documents_esigned_at
    from model.delivery_acts
    where signer is not null
        and code in ('return_accessed', 'kba_passed', 'efile_esigned', 'signature_seen', 'other_documents_esigned')
    group by return_key, cycle_no, signer
)
select
    attributes.firm_id,
    attributes.return_id,
    required.cycle_no,
    required.signer,
    acted.accessed_at,          -- Their first access (UTC).
    acted.kba_passed_at,        -- They first passed the identity questions (UTC).
    acted.esigned_at,           -- They last e-signed Form 8879 (UTC); only if a web hook says so, or the firm's log has a label for it.
    acted.other_documents_esigned_at -- They first signed other documents (UTC), which does not sign the return.
from model.required_signers as required
join model.attributes as attributes using (return_key)
left join acted using (return_key, cycle_no, signer)
