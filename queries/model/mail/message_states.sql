-- Every email: the first time of each status, its state as of the build, and when trouble with it was resolved: a later
-- email of the same kind to the same recipient arrived, or that recipient accessed the return, in the same delivery. One
-- row per message.
--
-- key: return_key, message_no
-- by: return
-- ages: state = 'processed'
-- check: cycle_no >= 1
-- check: processed_at is not null or state <> 'unconfirmed'
with grouped as (
    select
        return_key,
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
    group by return_key, kind, recipient, processed_event_no
),
judged as (
    select
        grouped.return_key, grouped.kind, grouped.recipient, grouped.processed_event_no,
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
),
messages as (
    select
        return_key, cycle_no, kind, recipient, recipient_email, processed_at, processed_on, delivered_at, opened_at,
        bounced_at, state, counts,
        row_number() over (partition by return_key order by first_event_no nulls last) as message_no,
        case state
            when 'bounced' then bounced_event_no
            when 'unconfirmed' then processed_event_no
        end as trouble_event_no
    from judged
),
clearings as (
    select
        troubled.return_key,
        troubled.message_no,
        least(later.delivered_at, later.opened_at) as cleared_at
    from messages as troubled
    join messages as later using (return_key, cycle_no, kind)
    where troubled.trouble_event_no is not null
        and coalesce(later.recipient, '') = coalesce(troubled.recipient, '')
        and later.message_no > troubled.message_no
        and later.state in ('delivered', 'opened')
    union all
    select
        troubled.return_key,
        troubled.message_no,
        acts.event_at as cleared_at
    from messages as troubled
    join model.delivery_acts as acts using (return_key, cycle_no)
    where troubled.trouble_event_no is not null
        and acts.signer = troubled.recipient
        and acts.event_no > troubled.trouble_event_no
        and acts.code = 'return_accessed'
),
cleared as (
    select return_key, message_no, min(cleared_at) as cleared_at
    from clearings
    group by return_key, message_no
)
select
    messages.return_key,
    messages.message_no, -- The order among the emails of the return, from 1.
    messages.cycle_no,  -- The cycle that the message was processed in, even for a status after its recall.
    messages.kind,
    messages.recipient, -- Whom the email went to: taxpayer, spouse or cc; null if the label does not say.
    messages.recipient_email, -- The address, if the log has it.
    messages.processed_at, -- When the platform sent it (UTC); null if only later statuses are logged.
    messages.processed_on, -- The same as a date in the firm's time zone.
    messages.delivered_at, -- When the receiving mail server accepted it (UTC), which is not yet the inbox.
    messages.opened_at, -- The first open (UTC), which may be by a mail program itself.
    messages.bounced_at, -- The first bounce (UTC), even if a later delivery or open overrides it.
    messages.state,     -- bounced if the last status is a bounce, else opened or delivered; without any of these
                        -- processed, and unconfirmed once that is more than 24 hours ago.
    messages.trouble_event_no, -- The event that left it bounced or unconfirmed; null for any other state.
    -- A bounce that is logged after the email or access that resolves it is resolved at once.
    case
        when cleared.cleared_at < messages.bounced_at then messages.bounced_at
        else cleared.cleared_at
    end as cleared_at,  -- When the trouble was resolved (UTC); null if it was not.
    messages.counts     -- Any of its statuses is evidence for the delivery.
from messages
left join cleared using (return_key, message_no)
