-- Whether the initial emails of a delivery arrived, those to taxpayer and spouse together, and which are still in trouble: no
-- later email arrived and nobody accessed. One row per delivery with such an email.
--
-- key: return_key, cycle_no
-- by: return
with accessed as (
    select distinct return_key, cycle_no, signer
    from model.delivery_acts
    where code = 'return_accessed'
),
troubles as (
    select
        messages.return_key,
        messages.cycle_no,
        case when messages.state = 'bounced' then messages.bounced_at end as bounced_at,
        case when messages.state = 'bounced' then messages.recipient end as bounced_to,
        case when messages.state = 'unconfirmed' and accessed.signer is null then messages.processed_at end as sent_at,
        case when messages.state = 'unconfirmed' and accessed.signer is null then messages.recipient end as sent_to
    from model.message_states as messages
    left join accessed
        on accessed.return_key = messages.return_key
        and accessed.cycle_no = messages.cycle_no
        and accessed.signer = messages.recipient
    where messages.kind = 'initial' and messages.counts
        and messages.trouble_event_no is not null and messages.cleared_at is null
),
open_troubles as (
    select
        return_key,
        cycle_no,
        min(bounced_at) as bounced_at,
        min(bounced_to) as bounced_to,
        max(bounced_to) as also_bounced_to,
        min(sent_at) as sent_at,
        min(sent_to) as sent_to,
        max(sent_to) as also_sent_to
    from troubles
    group by return_key, cycle_no
),
times as (
    select
        return_key,
        cycle_no,
        min(event_at) filter (where mail_status = 'processed') as processed_at,
        min(event_at) filter (where mail_status = 'delivered') as delivered_at,
        min(event_at) filter (where mail_status = 'opened') as opened_at,
        min(event_at) filter (where mail_status = 'bounced') as bounced_at
    from model.message_events
    where kind = 'initial' and counts
    group by return_key, cycle_no
)
select
    times.return_key,
    times.cycle_no,                             -- 1 for the first delivery, one more after each recall.
    times.processed_at as email_processed_at,   -- When the first initial email to a signer was sent (UTC).
    times.delivered_at as email_delivered_at,   -- When a mail server first accepted one (UTC), which is not yet the inbox.
    times.opened_at as email_opened_at,         -- When one was first opened (UTC), perhaps by a mail program itself.
    times.bounced_at as email_bounced_at,       -- When one first bounced (UTC), even if a later email arrived.
    troubles.bounced_at as email_bounced_open_at, -- When an email bounced that is still unresolved (UTC).
    troubles.sent_at as email_unconfirmed_open_at, -- When an email was sent that is still unconfirmed (UTC), and whose
                                                -- recipient has not accessed.
    case
        when troubles.bounced_to <> troubles.also_bounced_to then 'taxpayer and spouse'
        else troubles.bounced_to
    end as email_bounced_to,                    -- Who did not get their email: taxpayer, spouse, taxpayer and spouse.
    case
        when troubles.sent_to <> troubles.also_sent_to then 'taxpayer and spouse'
        else troubles.sent_to
    end as email_unconfirmed_to                 -- Who may not have got their unconfirmed email, likewise.
from times
left join open_troubles as troubles using (return_key, cycle_no)
