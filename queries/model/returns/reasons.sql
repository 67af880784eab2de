-- Why the next step of a return is due, in one sentence with the facts. One row per return.
--
-- key: firm_id, return_id
-- check: why like '%.'
with facts as (
    select
        steps.firm_id, steps.return_id, steps.next_step,
        states.access_state, states.handling_state, states.signed_basis,
        histories.uploaded_at, histories.cycle_no, attributes.is_joint, acts.named_signer,
        coalesce(' by ' || states.entered_by, '') as by_whom,
        coalesce(emails.email_bounced_to, emails.email_unconfirmed_to, 'client') as to_whom,
        coalesce(visits.reminders_sent, 0) as reminders_sent
    from model.next_steps as steps
    join model.return_states as states using (firm_id, return_id)
    join model.return_histories as histories using (firm_id, return_id)
    join model.attributes as attributes using (firm_id, return_id)
    left join model.delivery_emails as emails using (firm_id, return_id, cycle_no)
    left join model.delivery_visits as visits using (firm_id, return_id, cycle_no)
    left join model.signing_acts as acts using (firm_id, return_id, cycle_no)
)
select
    firm_id,
    return_id,
    case next_step
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
            when 'esigned' then 'Everyone who must sign has e-signed, and the firm has not picked up the forms since.'
            else 'The client uploaded hand-signed forms, and the firm has not picked them up since.'
        end
        when 'check_signature' then case
            when not is_joint then 'The identity questions are passed, but the log shows no signature.'
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
    end as why          -- Why the next step is due, as far as the log shows.
from facts
