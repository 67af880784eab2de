-- The status of every return: its attributes, its three states, and who must do what next. States are of the current
-- cycle, which after a recall is the delivery being prepared. One row per return that has events.
--
-- key: firm_id, return_id
-- by: return
-- check: access_state in ('locked', 'accessed', 'link selected', 'email opened', 'email bounced', 'email unconfirmed',
--    'email delivered', 'email sent', 'not sent')
-- check: handling_state is not null
-- check: signature_state in ('not delivered', 'signed', 'probably signed', 'partly signed', 'paper', 'not signed')
-- check: (waiting_since is null) = (next_step = 'none')
-- check: why like '%.'
-- check: next_step_owner in ('firm', 'client', 'nobody')
-- check: (delivered_at is null) = (signature_state = 'not delivered')
-- check: (signed_basis is null) = (signature_state <> 'signed')
-- check: delivered_at is null or handling_state in ('delivered', 'picked up', 'archived', 'deleted')
with
-- Signatures of deliveries that were recalled, by the rule of report.signature_evidence: an event shows that a signer has
-- signed, and the event that dates it says when.
voided as (
    select
        attributes.return_key,
        max(events.event_at) as signed_at,
        max(events.event_on) as signed_on,
        max(recalls.recalled_at) as recalled_at,
        max(recalls.recalled_on) as recalled_on
    from mart.recalls as recalls
    join model.attributes as attributes using (firm_id, return_id)
    join model.signer_dates as dates
        on dates.return_key = attributes.return_key and dates.cycle_no = recalls.cycle_no
    join model.numbered_events as events
        on events.return_key = dates.return_key and events.event_no = dates.dating_no
    group by attributes.return_key
),
states as (
    select
        histories.return_key,
        attributes.firm_id,
        attributes.return_id,
        histories.uploaded_at,
        histories.cycle_no,
        histories.last_event_at,
        histories.event_count,
        attributes.is_joint,
        case
            when deliveries.is_locked then 'locked'
            when deliveries.accessed_at is not null then 'accessed'
            when deliveries.link_selected_at is not null then 'link selected'
            when deliveries.email_opened_at is not null then 'email opened'
            when deliveries.email_bounced_open_at is not null then 'email bounced'
            when deliveries.email_unconfirmed_open_at is not null then 'email unconfirmed'
            when deliveries.email_delivered_at is not null then 'email delivered'
            when deliveries.email_processed_at is not null then 'email sent'
            else 'not sent'
        end as access_state,
        case
            when histories.is_deleted then 'deleted'
            when histories.is_archived then 'archived'
            when deliveries.picked_up_at is not null then 'picked up'
            when deliveries.delivered_at is not null then 'delivered'
            else stages.handling_state
        end as handling_state,
        coalesce(deliveries.signature_state, 'not delivered') as signature_state,
        deliveries.delivered_at,
        deliveries.furthest_step_no,
        deliveries.signed_basis,
        deliveries.signed_at,
        deliveries.signature_state_at,
        deliveries.last_picked_up_at,
        deliveries.accessed_at,
        deliveries.locked_since_at,
        deliveries.email_bounced_open_at,
        deliveries.email_unconfirmed_open_at,
        deliveries.reminders_sent,
        stages.next_step as stage_step,
        stays.entered_at,
        voided.signed_at as signed_earlier_at,
        voided.signed_on as signed_earlier_on,
        voided.recalled_at as signature_voided_at,
        voided.recalled_on as signature_voided_on,
        coalesce(' by ' || stays.entered_by, '') as by_whom
    from model.return_histories as histories
    join model.attributes as attributes using (return_key)
    left join mart.deliveries as deliveries
        on deliveries.firm_id = attributes.firm_id
        and deliveries.return_id = attributes.return_id
        and deliveries.cycle_no = histories.cycle_no
    left join mart.stays as stays
        on stays.firm_id = attributes.firm_id
        and stays.return_id = attributes.return_id
        and stays.left_at is null
    left join ref.stages as stages using (stage)
    left join voided
        on voided.return_key = histories.return_key
        and coalesce(deliveries.signature_state, 'not delivered') not in ('signed', 'probably signed')
),
-- The first step that applies, in the order of ref.next_steps, which has the title and owner of each.
laddered as (
    select
        states.*,
        case
            when handling_state in ('archived', 'deleted') then 'none'
            when access_state = 'locked' then 'unlock'
            when email_bounced_open_at is not null
                and signature_state not in ('signed', 'probably signed', 'paper') then 'fix_email'
            when email_unconfirmed_open_at is not null
                and signature_state not in ('signed', 'probably signed', 'paper') then 'confirm_email'
            when delivered_at is null then stage_step
            when signature_state = 'signed' and coalesce(last_picked_up_at < signed_at, true) then 'pick_up'
            when signature_state = 'probably signed' then 'check_signature'
            when signature_state = 'partly signed' then 'remind_second_signer'
            when signature_state = 'paper' then 'follow_up_paper'
            when signature_state = 'signed' then 'none'
            when signed_earlier_at is not null then 'sign_again'
            when accessed_at is not null then 'remind_to_sign'
            else 'remind_to_open'
        end as next_step
    from states
),
facts as (
    select
        laddered.*,
        coalesce(emails.email_bounced_to, emails.email_unconfirmed_to, 'client') as to_whom,
        acts.named_signer
    from laddered
    left join model.delivery_emails as emails using (return_key, cycle_no)
    left join model.signing_acts as acts using (return_key, cycle_no)
)
select
    facts.firm_id,
    facts.return_id,
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
    attributes.due_basis,
    attributes.is_extended,
    contacts.taxpayer_email,
    contacts.spouse_email,
    facts.uploaded_at,          -- When the firm first uploaded it (UTC); null if the log shows no upload.
    facts.cycle_no,             -- The current cycle: after a recall, the delivery being prepared.
    facts.delivered_at,         -- When the firm sent it to its client in the current cycle (UTC); null if it has not.
    facts.furthest_step_no,     -- The last step of ref.steps that this delivery has reached; null without a delivery.
    facts.access_state,         -- How far the client has got; the first that is true of locked, accessed, link selected
                                -- (clicked), email opened, bounced, unconfirmed, delivered, sent, not sent.
    facts.signature_state,      -- What the log shows: not delivered, not signed, paper, partly signed, probably signed or
                                -- signed.
    facts.signed_basis,
    facts.signed_earlier_at,    -- When a signature was given that a recall voided (UTC), the last one; null where there is none, or the
                                -- current delivery is signed or probably signed.
    facts.signature_voided_at,  -- When the firm recalled that version (UTC).
    facts.handling_state,       -- What the firm has done with it: preparing, in review, with ERO/signer, in approval,
                                -- delivered, recalled, picked up, archived or deleted.
    facts.next_step,            -- unlock, fix_email, confirm_email, reprocess, review, ero_sign, approve, finish, pick_up,
                                -- check_signature, remind_second_signer, follow_up_paper, sign_again, remind_to_sign, remind_to_open, none.
    ladder.owner as next_step_owner, -- Who must act: firm, client or nobody.
    case facts.next_step
        when 'none' then null
        when 'unlock' then locked_since_at
        when 'fix_email' then email_bounced_open_at
        when 'confirm_email' then email_unconfirmed_open_at
        when 'pick_up' then signed_at
        when 'check_signature' then signature_state_at
        when 'remind_second_signer' then signature_state_at
        when 'follow_up_paper' then signature_state_at
        when 'sign_again' then facts.delivered_at
        when 'remind_to_sign' then accessed_at
        when 'remind_to_open' then delivered_at
        else entered_at
    end as waiting_since,       -- Since when the step has been due (UTC); null for none.
    case facts.next_step
        when 'unlock' then 'Access was locked after wrong entries, and nobody has got in since.'
        when 'fix_email' then 'The initial email to the ' || to_whom || ' bounced, and no later one arrived.'
        when 'confirm_email' then 'No delivery confirmation of the initial email to the ' || to_whom
            || ' for more than 24 hours, and the log shows no access by '
            || case when to_whom = 'taxpayer and spouse' then 'either.' else 'that signer.' end
        when 'reprocess' then 'The return was recalled' || by_whom || ' and has not been reprocessed.'
        when 'review' then 'The return was sent for review' || by_whom || ' and has not moved since.'
        when 'ero_sign' then 'The return was sent to the ERO/signer' || by_whom || ' and has not moved since.'
        when 'approve' then 'The return was sent for approval' || by_whom
            || '; the log does not show whether it was approved.'
        when 'finish' then case
            when cycle_no > 1 then 'The return was started again' || by_whom || ' after a recall and not sent on.'
            when uploaded_at is not null then 'The return was uploaded' || by_whom || ' and not sent on.'
            else 'The log shows neither an upload nor a delivery of the return.'
        end
        when 'pick_up' then case signed_basis
            when 'seen' then 'Everyone who must sign has e-signed, and the firm has not picked up the forms since.'
            when 'esigned' then 'Everyone who must sign has e-signed, and the firm has not picked up the forms since.'
            else 'The client uploaded hand-signed forms, and the firm has not picked them up since.'
        end
        when 'check_signature' then case
            when not facts.is_joint then 'The identity questions are passed, but the log shows no signature.'
            when named_signer = 'both' then 'Both signers passed the identity questions or e-signed, '
                || 'but the log does not show both signatures.'
            else 'Enough identity checks are passed for both signers, '
                || 'but the log shows no signature and does not say who passed.'
        end
        when 'remind_second_signer' then case
            when named_signer is not null then 'Of two signers the log shows acts of the ' || named_signer || ' only.'
            else 'Of two signers only one has acted, and the log does not say who passed.'
        end
        when 'follow_up_paper' then 'The client consented to print, sign and mail, and the log shows no signature.'
        when 'sign_again' then 'An earlier version was signed on ' || day_words(signed_earlier_on)
            || '; the recall of ' || day_words(signature_voided_on) || ' voided it. The current one is not signed.'
        when 'remind_to_sign' then 'The client accessed the return, and the log shows no act of signing'
            || case reminders_sent
                when 0 then '.'
                when 1 then '; one reminder was sent.'
                else '; ' || cast(reminders_sent as string) || ' reminders were sent.'
            end
        when 'remind_to_open' then case access_state
            when 'link selected' then 'The link was clicked, which is not access, and nobody has accessed the return.'
            when 'email opened' then 'An initial email was opened, and nobody has accessed the return.'
            when 'email delivered' then 'An initial email was delivered, and nobody has accessed the return.'
            when 'email sent' then 'An initial email was sent, and nobody has accessed the return.'
            else 'The return was delivered, the log shows no email of it, and nobody has accessed it.'
        end
        else case handling_state
            when 'deleted' then 'The firm deleted the return.'
            when 'archived' then 'The firm moved the return to the archive.'
            else 'The client signed, and the firm picked up the signed forms.'
        end
    end as why,                 -- Why the next step is due, as far as the log shows.
    facts.last_event_at,
    facts.event_count,
    folded(
        coalesce(attributes.client_name, '')
        || ' ' || facts.return_id
        || coalesce(' ' || attributes.client_id, '')
        || coalesce(' ' || contacts.addresses, '')
    ) as search_text            -- What a search reads, folded: client, return number, client number and addresses of emails.
from facts
join model.attributes as attributes using (return_key)
left join model.contacts as contacts using (return_key)
left join ref.next_steps as ladder using (next_step)
