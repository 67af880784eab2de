-- Which events show what IRS guidance wants recorded of a signature. One row per required signer of a delivery with events
-- of signers; an event that is certainly the signer's comes before one that names nobody, and of those one that the access before implies to be theirs
-- comes first.
--
-- key: return_key, cycle_no, signer
-- by: return
with acts as (
    select
        acts.return_key, acts.cycle_no, acts.signer, acts.event_no, acts.code, acts.is_theirs,
        acts.is_named, acts.is_implied, dates.picked_up_no, dates.signature_no, dates.dating_no,
        acts.event_no < coalesce(dates.dating_no, acts.event_no + 1) as is_before
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
            min(event_no) filter (where code = 'kba_passed' and is_implied),
            min(event_no) filter (where code = 'kba_passed')
        ) as passed_no
    from acts
    group by return_key, cycle_no, signer
),
visits as (
    select
        found.return_key,
        found.cycle_no,
        found.signer,
        coalesce(records.recipient_email, records.actor) as login
    from found
    join model.signer_acts as acts
        on acts.return_key = found.return_key
        and acts.event_no = found.visit_no
        and acts.signer = found.signer
    join raw.records as records
        on records.return_key = acts.return_key
        and records.file_no = acts.file_no
        and records.row_no = acts.row_no
),
addresses as (
    select
        acts.return_key,
        acts.cycle_no,
        acts.signer,
        coalesce(
            max(acts.event_no) filter (where acts.is_theirs),
            max(acts.event_no) filter (where acts.is_implied),
            max(acts.event_no)
        ) as event_no,
        coalesce(
            max_by(records.ip_address, acts.event_no) filter (where records.ip_address is not null and acts.is_theirs),
            max_by(records.ip_address, acts.event_no) filter (where records.ip_address is not null and acts.is_implied),
            max_by(records.ip_address, acts.event_no) filter (where records.ip_address is not null)
        ) as ip_address
    from model.signer_acts as acts
    join raw.records as records using (return_key, file_no, row_no)
    where acts.code in ('kba_passed', 'efile_esigned') and records.ip_address is not null
    group by acts.return_key, acts.cycle_no, acts.signer
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
    addresses.event_no as address_no, -- The last identity check or e-signature whose address the export carries.
    addresses.ip_address,   -- That address.
    found.picked_up_no
from found
left join code_emails using (return_key, cycle_no, signer)
left join visits using (return_key, cycle_no, signer)
left join addresses using (return_key, cycle_no, signer)
