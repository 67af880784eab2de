-- The three states of a return in its current cycle: the client's access, the firm's handling, the signature; with the
-- facts that decide the next step. One row per return.
--
-- key: firm_id, return_id
-- check: access_state in ('locked', 'accessed', 'link selected', 'email opened', 'email bounced', 'email unconfirmed',
--    'email delivered', 'email sent', 'not sent')
-- check: handling_state is not null
-- check: signature_state in ('not delivered', 'signed', 'probably signed', 'partly signed', 'paper', 'not signed')
select
    histories.firm_id,
    histories.return_id,
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
    end as access_state,        -- How far the client has got; the first that is true of locked, accessed, link
                                -- selected (clicked), email opened, bounced, unconfirmed, delivered, sent, not sent.
    case
        when histories.is_deleted then 'deleted'
        when histories.is_archived then 'archived'
        when deliveries.picked_up_at is not null then 'picked up'
        when deliveries.delivered_at is not null then 'delivered'
        else stages.handling_state
    end as handling_state,      -- What the firm has done with it: preparing, in review, with ERO/signer, in approval,
                                -- delivered, recalled, picked up, archived or deleted.
    coalesce(
        deliveries.signature_state,
        'not delivered'
    ) as signature_state,       -- What the log shows: not delivered, not signed, paper, partly signed, probably signed
                                -- or signed.
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
    stages.next_step as stage_step, -- The next step of a return in its stage; null if it is in no stage.
    stays.entered_at,
    stays.entered_by
from model.return_histories as histories
left join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
left join mart.stays as stays
    on stays.firm_id = histories.firm_id
    and stays.return_id = histories.return_id
    and stays.left_at is null
left join ref.stages as stages using (stage)
