-- Deliveries with an initial email to a signer that is still bounced or unconfirmed: no later email arrived and nobody
-- accessed. One row per such delivery.
--
-- key: firm_id, return_id, cycle_no
with accessed as (
    select distinct firm_id, return_id, cycle_no, signer
    from model.delivery_acts
    where code = 'return_accessed'
),
troubles as (
    select
        messages.firm_id,
        messages.return_id,
        messages.cycle_no,
        case when messages.state = 'bounced' then messages.bounced_at end as bounced_at,
        case when messages.state = 'bounced' then messages.recipient end as bounced_to,
        case when messages.state = 'unconfirmed' and accessed.signer is null then messages.processed_at end as sent_at,
        case when messages.state = 'unconfirmed' and accessed.signer is null then messages.recipient end as sent_to
    from model.message_states as messages
    left join model.cleared_messages as cleared using (firm_id, return_id, message_no)
    left join accessed
        on accessed.firm_id = messages.firm_id
        and accessed.return_id = messages.return_id
        and accessed.cycle_no = messages.cycle_no
        and accessed.signer = messages.recipient
    where messages.kind = 'initial' and messages.counts
        and messages.trouble_event_no is not null and cleared.message_no is null
)
select
    firm_id,
    return_id,
    cycle_no,           -- 1 for the first delivery, one more after each recall.
    min(bounced_at) as email_bounced_open_at, -- When an email bounced that is still unresolved (UTC).
    case
        when min(bounced_to) <> max(bounced_to) then 'taxpayer and spouse'
        else min(bounced_to)
    end as email_bounced_to, -- Who did not get their email: taxpayer, spouse, taxpayer and spouse.
    min(sent_at) as email_unconfirmed_open_at, -- When an email was sent that is still unconfirmed (UTC), and whose
                        -- recipient has not accessed.
    case
        when min(sent_to) <> max(sent_to) then 'taxpayer and spouse'
        else min(sent_to)
    end as email_unconfirmed_to -- Who may not have got their unconfirmed email, likewise.
from troubles
group by firm_id, return_id, cycle_no
