-- What each required signer did, or may have done, in a delivery: on a joint return, an event that names nobody is listed
-- for both. One row per signer and event.
--
-- key: return_key, event_no, signer
-- by: return
select
    acts.return_key,
    acts.event_no,
    required.signer,
    acts.cycle_no,
    acts.code,
    acts.signer is not null or acts.code = 'return_esigned' as is_theirs, -- It is this signer's: it names them, nobody else
                                            -- must sign, or it is of everyone.
    coalesce(acts.recipient = required.signer, false) as is_named, -- The log names this signer.
    coalesce(implied.signer = required.signer, false) as is_implied, -- The log names nobody, and the access before implies this signer.
    acts.file_no,
    acts.row_no,
    case
        when acts.code = 'files_uploaded' then coalesce(uploads.taken_back_event_no, 0)
    end as taken_back_event_no              -- The event that deleted an upload, 0 if it was not deleted; null for other events.
from model.delivery_acts as acts
join model.required_signers as required using (return_key, cycle_no)
left join model.delivery_uploads as uploads using (return_key, event_no)
left join model.implied_acts as implied using (return_key, event_no)
where required.signer = coalesce(acts.signer, required.signer)
    and acts.code in (
    'return_accessed', 'kba_passed', 'efile_esigned', 'signature_seen', 'return_esigned', 'files_uploaded',
    'document_downloaded',
    'efile_forms_downloaded_by_client', 'efile_forms_downloaded_by_firm'
)
