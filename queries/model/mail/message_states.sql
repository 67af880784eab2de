-- Every email: the first time of each status, and its state as of the build. One row per message.
--
-- key: firm_id, return_id, message_no
-- check: cycle_no >= 1
-- check: processed_at is not null or state <> 'unconfirmed'
with grouped as (
    select
        firm_id,
        return_id,
        kind,
        recipient,
        processed_event_no,
        min(cycle_no) as cycle_no,
        min(event_no) as first_event_no,
        bool_or(counts) as counts,
        min_by(recipient_email, event_no) filter (where recipient_email is not null) as recipient_email,
        min(event_at) filter (where mail_status = 'processed') as processed_at,
        min(event_on) filter (where mail_status = 'processed') as processed_on,
        min(event_at) filter (where mail_status = 'delivered') as delivered_at,
        min(event_at) filter (where mail_status = 'opened') as opened_at,
        min(event_at) filter (where mail_status = 'bounced') as bounced_at,
        coalesce(max(event_no) filter (where mail_status = 'bounced'), 0) as bounced_event_no,
        coalesce(max(event_no) filter (where mail_status in ('delivered', 'opened')), 0) as arrived_event_no
    from model.message_events
    group by firm_id, return_id, kind, recipient, processed_event_no
),
judged as (
    select
        grouped.firm_id, grouped.return_id, grouped.kind, grouped.recipient, grouped.processed_event_no,
        grouped.cycle_no, grouped.first_event_no, grouped.counts, grouped.recipient_email, grouped.processed_at,
        grouped.processed_on, grouped.delivered_at, grouped.opened_at, grouped.bounced_at, grouped.bounced_event_no,
        case
            when grouped.bounced_event_no > grouped.arrived_event_no then 'bounced'
            when grouped.opened_at is not null then 'opened'
            when grouped.delivered_at is not null then 'delivered'
            when grouped.processed_at < build.as_of - interval '24' hour then 'unconfirmed'
            else 'processed'
        end as state
    from grouped
    cross join raw.build as build
)
select
    firm_id,
    return_id,
    row_number() over (
        partition by firm_id, return_id
        order by first_event_no nulls last
    ) as message_no,    -- The order among the emails of the return, from 1.
    cycle_no,
    kind,
    recipient,          -- Whom the email went to: taxpayer, spouse or cc; null if the label does not say.
    recipient_email,    -- The address, if the log has it.
    processed_at,       -- When the platform sent it (UTC); null if only later statuses are logged.
    processed_on,       -- The same as a date in the firm's time zone.
    delivered_at,       -- When the receiving mail server accepted it (UTC), which is not yet the inbox.
    opened_at,          -- The first open (UTC), which may be by a mail program itself.
    bounced_at,         -- The first bounce (UTC), even if a later delivery or open overrides it.
    state,              -- bounced if the last status is a bounce, else opened or delivered; without any of these
                        -- processed, and unconfirmed once that is more than 24 hours ago.
    case state
        when 'bounced' then bounced_event_no
        when 'unconfirmed' then processed_event_no
    end as trouble_event_no, -- The event that left it bounced or unconfirmed; null for any other state.
    counts              -- Any of its statuses is evidence for the delivery.
from judged
