-- How far each delivery of a return has got. One row per delivery: a recall ends a delivery, so a return that was sent
-- twice has two rows. Times are the first ones in the delivery; emails are initial emails to signers.
--
-- key: firm_id, return_id, cycle_no
-- by: return
-- check: accessed_at is null or accessed_at >= delivered_at
-- check: signed_at is null or signed_at >= delivered_at
-- check: is_locked in (true, false)
-- check: kba_expected in (true, false)
-- check: furthest_step_no is not null
select
    attributes.firm_id,
    attributes.return_id,
    starts.cycle_no,            -- 1 for the first delivery, one more after each recall.
    starts.delivered_at,
    starts.delivered_on,
    week_of(starts.delivered_on) as delivered_week, -- The Monday of that week as text: 2026-03-02.
    month_of(starts.delivered_on) as delivered_month, -- The month of it as text: 2026-03.
    starts.delivered_basis,
    starts.delivered_by,
    starts.delivered_first_to,
    emails.email_processed_at,
    emails.email_delivered_at,
    emails.email_opened_at,
    emails.email_bounced_at,
    emails.email_bounced_open_at,
    emails.email_unconfirmed_open_at,
    visits.link_selected_at,
    visits.accessed_at,
    visits.last_accessed_at,
    coalesce(visits.authentication_failures, 0) as authentication_failures, -- Wrong entries of SSN digits or codes.
    visits.locked_at,
    case
        when starts.recalled_at is null then visits.locked_since_at
    end as locked_since_at,     -- The first lock after the last access (UTC); null while not locked.
    starts.recalled_at is null
        and visits.locked_since_at is not null
    as is_locked,               -- Nobody has accessed it since a lock, and no recall ended it: the firm must unlock.
    coalesce(attributes.return_type like '1040%', false)
        and not starts.is_without_kba
    as kba_expected,            -- A form that begins with 1040 and was not sent with KBA disabled.
    signatures.kba_passed_at,
    signatures.kba_passed_count,
    signatures.uploaded_at,
    signatures.picked_up_at,
    signatures.last_picked_up_at,
    signatures.paper_consented_at,
    signatures.signed_at,
    signatures.signed_basis,
    signatures.signature_state,
    signatures.signature_state_at,
    coalesce(visits.reminders_sent, 0) as reminders_sent, -- Signing reminders by email; those by text leave no event.
    visits.last_reminder_at,
    starts.recalled_at,
    steps.step_no as furthest_step_no, -- The last step of ref.steps that it has reached; KBA counts only where expected.
    seconds_between(
        starts.prepared_from_at, starts.delivered_at
    ) as preparing_seconds,     -- From the firm's upload in the same cycle to delivered_at; null where none is logged.
    case
        when emails.email_delivered_at < starts.delivered_at then 0
        else seconds_between(starts.delivered_at, emails.email_delivered_at)
    end as email_delivered_seconds, -- From delivery to email_delivered_at; 0 where the email came first.
    case
        when emails.email_opened_at < starts.delivered_at then 0
        else seconds_between(starts.delivered_at, emails.email_opened_at)
    end as email_opened_seconds,  -- From delivery to email_opened_at, likewise.
    seconds_between(starts.delivered_at, visits.link_selected_at) as link_selected_seconds, -- From delivered_at.
    seconds_between(starts.delivered_at, visits.accessed_at) as accessed_seconds, -- From delivered_at.
    seconds_between(starts.delivered_at, signatures.kba_passed_at) as kba_passed_seconds, -- From delivered_at.
    seconds_between(starts.delivered_at, signatures.signed_at) as signed_seconds, -- From delivered_at.
    seconds_between(starts.delivered_at, signatures.picked_up_at) as picked_up_seconds, -- From delivered_at.
    attributes.client_id,
    attributes.client_name,
    attributes.group_name,
    attributes.tax_year,
    attributes.return_type,
    attributes.is_joint,
    attributes.office,
    attributes.partner,
    attributes.ero_signer,
    attributes.preparer,
    attributes.due_date,
    attributes.is_extended
from model.delivery_starts as starts
join model.attributes as attributes using (return_key)
join model.signatures as signatures using (return_key, cycle_no)
left join model.delivery_emails as emails using (return_key, cycle_no)
left join model.delivery_visits as visits using (return_key, cycle_no)
left join ref.steps as steps
    on steps.step = case
        when signatures.picked_up_at is not null then 'picked up'
        when signatures.signed_at is not null then 'signed'
        when signatures.kba_passed_at is not null
            and attributes.return_type like '1040%'
            and not starts.is_without_kba then 'KBA passed'
        when visits.accessed_at is not null then 'accessed'
        when visits.link_selected_at is not null then 'link selected'
        when emails.email_opened_at is not null then 'email opened'
        when emails.email_delivered_at is not null then 'email delivered'
        else 'delivered'
    end
