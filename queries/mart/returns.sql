-- The status of every return: its attributes, its three states, and who must do what next. States are of the current
-- cycle, which after a recall is the delivery being prepared. One row per return that has events.
--
-- key: firm_id, return_id
-- check: next_step_owner in ('firm', 'client', 'nobody')
-- check: (delivered_at is null) = (signature_state = 'not delivered')
-- check: (signed_basis is null) = (signature_state <> 'signed')
-- check: delivered_at is null or handling_state in ('delivered', 'picked up', 'archived', 'deleted')
-- check: why is not null
select
    histories.firm_id,
    histories.return_id,
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
    histories.uploaded_at,
    histories.cycle_no,
    states.delivered_at,        -- When the firm sent it to its client in the current cycle (UTC); null if it has not.
    states.furthest_step_no,    -- The last step of ref.steps that this delivery has reached; null without a delivery.
    states.access_state,
    states.signature_state,
    states.signed_basis,
    states.handling_state,
    steps.next_step,
    ladder.owner as next_step_owner, -- Who must act: firm, client or nobody.
    steps.waiting_since,
    reasons.why,
    histories.last_event_at,
    histories.event_count,
    lowered(
        coalesce(attributes.client_name, '') || '¦' || histories.return_id || '¦' || coalesce(attributes.client_id, '')
    ) as search_text    -- The text that a search reads: client, return number and client number, in lower case.
from model.return_histories as histories
join model.attributes as attributes using (firm_id, return_id)
join model.return_states as states using (firm_id, return_id)
join model.next_steps as steps using (firm_id, return_id)
join model.reasons as reasons using (firm_id, return_id)
left join model.contacts as contacts using (firm_id, return_id)
left join ref.next_steps as ladder using (next_step)
