-- Whether the initial emails of a delivery arrived, those to taxpayer and spouse together. One row per delivery with such
-- an email.
--
-- key: firm_id, return_id, cycle_no
with times as (
    select
        firm_id,
        return_id,
        cycle_no,
        min(event_at) filter (where mail_status = 'processed') as processed_at,
        min(event_at) filter (where mail_status = 'delivered') as delivered_at,
        min(event_at) filter (where mail_status = 'opened') as opened_at,
        min(event_at) filter (where mail_status = 'bounced') as bounced_at
    from model.message_events
    where kind = 'initial' and counts
    group by firm_id, return_id, cycle_no
)
select
    times.firm_id,
    times.return_id,
    times.cycle_no,                             -- 1 for the first delivery, one more after each recall.
    times.processed_at as email_processed_at,   -- When the first initial email to a signer was sent (UTC).
    times.delivered_at as email_delivered_at,   -- When a mail server first accepted one (UTC), which is not yet the inbox.
    times.opened_at as email_opened_at,         -- When one was first opened (UTC), perhaps by a mail program itself.
    times.bounced_at as email_bounced_at,       -- When one first bounced (UTC), even if a later email arrived.
    troubles.email_bounced_open_at,
    troubles.email_unconfirmed_open_at,
    troubles.email_bounced_to,
    troubles.email_unconfirmed_to
from times
left join model.open_troubles as troubles using (firm_id, return_id, cycle_no)
