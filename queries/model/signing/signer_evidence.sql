-- Which events show what IRS guidance wants recorded of a signature. One row per required signer of a delivery with events
-- of signers; an event that is certainly the signer's comes before one that names nobody.
--
-- key: return_key, cycle_no, signer
with acts as (
    select
        acts.return_key, acts.cycle_no, acts.signer, acts.event_no, acts.code, acts.is_theirs,
        acts.is_named, dates.picked_up_no, dates.signature_no, dates.dating_no,
        acts.event_no < coalesce(dates.dating_no, acts.event_no + 1) as is_before,
        acts.code in ('kba_passed', 'efile_esigned') and acts.ip_address is not null as is_from_address
    from model.signer_acts as acts
    join model.signer_dates as dates using (return_key, cycle_no, signer)
),
found as (
    select
        return_key,
        cycle_no,
        signer,
        min(picked_up_no) as picked_up_no,
        min(signature_no) as signature_no,
        min(dating_no) as dating_no,
        max(event_no) filter (where is_named) as named_no,
        coalesce(
            min(event_no) filter (where code = 'return_accessed' and is_theirs),
            min(event_no) filter (where code = 'return_accessed')
        ) as access_no,
        coalesce(
            min(event_no) filter (where code = 'return_accessed' and is_theirs and is_before),
            min(event_no) filter (where code = 'return_accessed' and is_before),
            min(event_no) filter (
                where code in ('document_downloaded', 'efile_forms_downloaded_by_client') and is_before
            )
        ) as copy_no,
        coalesce(
            max(event_no) filter (where code = 'return_accessed' and is_theirs and is_before),
            max(event_no) filter (where code = 'return_accessed' and is_before)
        ) as visit_no,
        coalesce(
            min(event_no) filter (where code = 'kba_passed' and is_theirs),
            min(event_no) filter (where code = 'kba_passed')
        ) as passed_no,
        coalesce(
            max(event_no) filter (where is_from_address and is_theirs),
            max(event_no) filter (where is_from_address)
        ) as address_no
    from acts
    group by return_key, cycle_no, signer
),
code_emails as (
    select
        found.return_key,
        found.cycle_no,
        found.signer,
        max(events.event_no) as event_no,
        max_by(records.recipient_email, events.event_no) filter (where records.recipient_email is not null) as login
    from found
    join model.numbered_events as events using (return_key, cycle_no)
    join model.labels as labels using (label_no)
    join raw.records as records using (return_key, file_no, row_no)
    where labels.recipient = found.signer
        and events.event_no < found.visit_no
        and labels.code in ('code_email_processed', 'code_email_delivered', 'code_email_opened')
        and records.recipient_email is not null
    group by found.return_key, found.cycle_no, found.signer
)
select
    found.return_key,
    found.cycle_no,
    found.signer,
    found.named_no,         -- The last event that names the signer.
    found.access_no,        -- The first access.
    found.copy_no,          -- The first access, else download, before the event that dates the signature.
    case
        when visits.login is not null then found.visit_no
        else code_emails.event_no
    end as login_no,        -- The last access before it, if the export says who; else the last access code email before that.
    coalesce(visits.login, code_emails.login) as login, -- Who logged in, as that event says.
    found.passed_no,        -- The first identity check passed.
    found.signature_no,
    found.dating_no,
    found.address_no,       -- The last identity check or e-signature whose address the export carries.
    addressed.ip_address,   -- That address.
    found.picked_up_no
from found
left join code_emails using (return_key, cycle_no, signer)
left join model.signer_acts as visits
    on visits.return_key = found.return_key
    and visits.event_no = found.visit_no
    and visits.signer = found.signer
left join model.signer_acts as addressed
    on addressed.return_key = found.return_key
    and addressed.event_no = found.address_no
    and addressed.signer = found.signer
