-- What must be done next about a return, and since when: the first step that applies, in the order of ref.next_steps, which
-- has the title and owner of each. One row per return.
--
-- key: firm_id, return_id
-- check: (waiting_since is null) = (next_step = 'none')
with laddered as (
    select
        firm_id, return_id, locked_since_at, email_bounced_open_at, email_unconfirmed_open_at, entered_at, signed_at,
        signature_state_at, accessed_at, delivered_at,
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
            when accessed_at is not null then 'remind_to_sign'
            else 'remind_to_open'
        end as next_step
    from model.return_states
)
select
    firm_id,
    return_id,
    next_step,          -- unlock, fix_email, confirm_email, reprocess, review, ero_sign, approve, finish, pick_up,
                        -- check_signature, remind_second_signer, follow_up_paper, remind_to_sign, remind_to_open, none.
    case next_step
        when 'none' then null
        when 'unlock' then locked_since_at
        when 'fix_email' then email_bounced_open_at
        when 'confirm_email' then email_unconfirmed_open_at
        when 'pick_up' then signed_at
        when 'check_signature' then signature_state_at
        when 'remind_second_signer' then signature_state_at
        when 'follow_up_paper' then signature_state_at
        when 'remind_to_sign' then accessed_at
        when 'remind_to_open' then delivered_at
        else entered_at
    end as waiting_since -- Since when the step has been due (UTC); null for none.
from laddered
