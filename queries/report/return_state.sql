-- The status of one return: who must act, what to do, why, and how far the delivery has got. One row per return.
--
-- key: firm_id, return_id
-- filters: firms
-- param: for_return = null  The return; all if not given.
-- param: for_cycle = null  The delivery whose steps to show; the current one if not given.
with
-- The last email to each address. On a joint return, one that names nobody is to neither.
addressed as (
    select
        messages.firm_id, messages.return_id, messages.recipient_email, messages.message_no, messages.state,
        messages.bounced_at,
        case when messages.recipient is null and not returns.is_joint then 'taxpayer' else messages.recipient end as signer
    from mart.messages as messages
    join mart.returns as returns using (firm_id, return_id)
    where messages.kind = 'initial'
        and messages.recipient_email is not null
        and among(messages.firm_id, for_firms)
        and (for_return is null or messages.return_id = for_return)
        and (for_return is null or returns.return_id = for_return)
    qualify row_number() over (
        partition by messages.firm_id, messages.return_id, signer, messages.recipient_email order by messages.message_no desc
    ) = 1
),
bounced as (
    select
        firm_id, return_id,
        max_by(recipient_email, message_no) filter (where signer = 'taxpayer') as taxpayer_bounced_email,
        max_by(bounced_at, message_no) filter (where signer = 'taxpayer') as taxpayer_bounced_at,
        max_by(recipient_email, message_no) filter (where signer = 'spouse') as spouse_bounced_email,
        max_by(bounced_at, message_no) filter (where signer = 'spouse') as spouse_bounced_at
    from addressed
    where state = 'bounced'
    group by firm_id, return_id
),
reminded as (
    select deliveries.firm_id, deliveries.return_id, count(*) as reminder_count
    from mart.deliveries as deliveries
    join model.returns as numbers using (firm_id, return_id)
    join model.delivery_acts as acts using (return_key, cycle_no)
    where deliveries.is_locked
        and acts.code = 'signing_reminder_sent'
        and acts.event_at > deliveries.locked_since_at
        and among(deliveries.firm_id, for_firms)
        and (for_return is null or deliveries.return_id = for_return)
    group by deliveries.firm_id, deliveries.return_id
)
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    returns.client_id,
    returns.group_name,
    returns.is_joint,
    returns.preparer,
    returns.ero_signer,
    returns.due_basis,
    returns.taxpayer_email,
    bounced.taxpayer_bounced_email,     -- The last address of the taxpayer whose newest initial email bounced; null for none.
    bounced.taxpayer_bounced_at,        -- When that email bounced (UTC).
    returns.spouse_email,
    bounced.spouse_bounced_email,       -- The same for the spouse.
    bounced.spouse_bounced_at,          -- When that email bounced (UTC).
    coalesce(reminded.reminder_count, 0) as reminders_since_lock, -- Signing reminders by email that were sent since access was locked; 0 while it
                                        -- is not.
    returns.access_state,
    returns.handling_state,
    returns.signature_state,
    returns.signed_basis,
    returns.signed_earlier_at,
    returns.signature_voided_at,
    returns.next_step,
    steps.title as next_step_title,     -- The next step, as an instruction.
    returns.next_step_owner,
    in_days(seconds_between(returns.waiting_since, build.as_of)) as waiting_days, -- Since the next step became due; null for none.
    returns.waiting_since,
    returns.why,
    returns.cycle_no,
    returns.uploaded_at,
    returns.last_event_at,
    returns.event_count,
    deliveries.cycle_no as shown_cycle_no, -- The delivery that the columns after this one describe; null where it was not delivered.
    deliveries.delivered_at,
    deliveries.delivered_by,
    deliveries.email_delivered_at,
    deliveries.email_opened_at,
    deliveries.email_bounced_at,
    deliveries.link_selected_at,
    deliveries.accessed_at,
    deliveries.kba_expected,
    deliveries.kba_passed_at,
    deliveries.signed_at,
    deliveries.picked_up_at,
    deliveries.recalled_at
from mart.returns as returns
join ref.next_steps as steps using (next_step)
cross join raw.build as build
left join bounced using (firm_id, return_id)
left join reminded using (firm_id, return_id)
left join mart.deliveries as deliveries
    on deliveries.firm_id = returns.firm_id
    and deliveries.return_id = returns.return_id
    and deliveries.cycle_no = coalesce(for_cycle, returns.cycle_no)
    and (for_return is null or deliveries.return_id = for_return)
where among(returns.firm_id, for_firms)
    and (for_return is null or returns.return_id = for_return)
order by returns.firm_id, returns.return_id
