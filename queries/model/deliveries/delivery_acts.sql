-- The events of a delivery, except emails, that show how far it has got. One row per event; events before the delivery of
-- their cycle are not evidence and are left out.
--
-- key: return_key, event_no
-- by: return
-- check: signer in ('taxpayer', 'spouse') or signer is null
select
    events.return_key,
    events.event_no,
    events.cycle_no,
    events.event_at,
    labels.code,
    labels.recipient,
    case
        when labels.recipient in ('taxpayer', 'spouse') then labels.recipient
        when not attributes.is_joint then 'taxpayer'
    end as signer,      -- Who acted: as logged; if only one must sign and the log names nobody, the taxpayer; else null.
    case
        when labels.recipient = 'spouse' then attributes.is_joint
        else true
    end as is_required, -- False for somebody who does not have to sign: the spouse on a return that is not joint.
    events.file_no,
    events.row_no
from model.numbered_events as events
join model.labels as labels using (label_no)
join model.delivery_starts as starts using (return_key, cycle_no)
join model.attributes as attributes using (return_key)
where events.event_no > starts.delivered_event_no
    and not events.is_repeat
    and labels.code in (
    'link_selected', 'return_accessed', 'authentication_failed', 'access_locked', 'kba_passed', 'efile_esigned',
    'signature_seen', 'return_esigned',
    'other_documents_esigned', 'files_uploaded', 'uploads_deleted', 'document_downloaded',
    'efile_forms_downloaded_by_client', 'efile_forms_downloaded_by_firm', 'paper_filing_consented',
    'signing_reminder_sent'
)
