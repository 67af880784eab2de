-- How the initial emails of a delivery fared, those to taxpayer and spouse taken together. One row per delivery with
-- such an email.
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
),
accessed as (
    select distinct firm_id, return_id, cycle_no, signer
    from model.delivery_acts
    where code = 'return_accessed'
),
troubles as (
    select
        messages.firm_id,
        messages.return_id,
        messages.cycle_no,
        min(messages.bounced_at) filter (where messages.state = 'bounced') as bounced_open_at,
        min(messages.recipient) filter (where messages.state = 'bounced') as first_bounced_to,
        max(messages.recipient) filter (where messages.state = 'bounced') as last_bounced_to,
        min(messages.processed_at) filter (
            where messages.state = 'unconfirmed' and accessed.signer is null
        ) as unconfirmed_open_at,
        min(messages.recipient) filter (
            where messages.state = 'unconfirmed' and accessed.signer is null
        ) as first_unconfirmed_to,
        max(messages.recipient) filter (
            where messages.state = 'unconfirmed' and accessed.signer is null
        ) as last_unconfirmed_to
    from model.message_states as messages
    left join model.cleared_messages as cleared
        on cleared.firm_id = messages.firm_id
        and cleared.return_id = messages.return_id
        and cleared.message_no = messages.message_no
    left join accessed
        on accessed.firm_id = messages.firm_id
        and accessed.return_id = messages.return_id
        and accessed.cycle_no = messages.cycle_no
        and accessed.signer = messages.recipient
    where messages.kind = 'initial' and messages.counts
        and messages.trouble_event_no is not null and cleared.message_no is null
    group by messages.firm_id, messages.return_id, messages.cycle_no
)
select
    times.firm_id,
    times.return_id,
    times.cycle_no,             -- 1 for the first delivery, one more after each recall.
    times.processed_at as email_processed_at,   -- The first initial email to a signer was sent (UTC).
    times.delivered_at as email_delivered_at,   -- A mail server first took one (UTC), which is not yet the inbox.
    times.opened_at as email_opened_at,         -- One was first opened (UTC), perhaps by a mail program.
    times.bounced_at as email_bounced_at,       -- One first bounced (UTC), whatever came of it.
    troubles.bounced_open_at as email_bounced_open_at, -- One bounced (UTC) that is bounced still and not cleared.
    troubles.unconfirmed_open_at as email_unconfirmed_open_at, -- One was sent (UTC) that is unconfirmed still, not cleared,
        -- and whose recipient has not accessed.
    case
        when troubles.first_bounced_to <> troubles.last_bounced_to then 'taxpayer and spouse'
        else troubles.first_bounced_to
    end as email_bounced_to,    -- Whom the emails that are bounced still went to: taxpayer, spouse, taxpayer and spouse.
    case
        when troubles.first_unconfirmed_to <> troubles.last_unconfirmed_to then 'taxpayer and spouse'
        else troubles.first_unconfirmed_to
    end as email_unconfirmed_to -- The same of those that are unconfirmed still.
from times
left join troubles
    on troubles.firm_id = times.firm_id
    and troubles.return_id = times.return_id
    and troubles.cycle_no = times.cycle_no
