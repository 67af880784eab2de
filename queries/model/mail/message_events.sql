-- Every logged status of an email with the message it belongs to: the one of its kind and recipient that was processed
-- last before it, even before a recall. Statuses before the first processed one form a message of their own. One row per
-- event.
--
-- key: firm_id, return_id, event_no
-- check: kind in ('initial', 'access_code', 'cc')
-- check: mail_status in ('processed', 'delivered', 'opened', 'bounced')
with mail as (
    select
        firm_id, return_id, event_no, cycle_no, event_at, event_on, recipient, recipient_email,
        case split_part(code, '_email_', 1)
            when 'code' then 'access_code'
            else split_part(code, '_email_', 1)
        end as kind,
        split_part(code, '_email_', 2) as mail_status
    from model.events
    where code like 'initial_email_%' or code like 'code_email_%' or code like 'cc_email_%'
),
carried as (
    select
        firm_id, return_id, event_no, event_at, event_on, recipient, recipient_email, kind, mail_status,
        max(case when mail_status = 'processed' then event_no end) over before_it as processed_event_no,
        max(case when mail_status = 'processed' then event_at end) over before_it as processed_at,
        coalesce(
            max(case when mail_status = 'processed' then cycle_no end) over before_it,
            min(cycle_no) over before_it
        ) as cycle_no
    from mail
    window before_it as (
        partition by firm_id, return_id, kind, recipient
        order by event_no nulls last
        rows between unbounded preceding and current row
    )
)
select
    carried.firm_id,
    carried.return_id,
    carried.event_no,
    carried.cycle_no,           -- The cycle that the message was processed in, even for a status after its recall.
    carried.kind,               -- initial (with the access link), access_code, or cc (to a third party).
    carried.recipient,
    coalesce(
        carried.processed_event_no, 0
    ) as processed_event_no,    -- The event that its message begins with; 0 if not logged.
    carried.mail_status,        -- processed, delivered, opened or bounced.
    carried.event_at,
    carried.event_on,
    carried.recipient_email,
    coalesce(
        carried.event_no >= starts.delivered_event_no
        or (carried.kind = 'initial' and carried.processed_at >= starts.delivered_at - interval '2' minute),
        false
    ) as counts -- It is evidence for the delivery: not before it, or an initial email at most 2 minutes before it.
from carried
left join model.delivery_starts as starts using (firm_id, return_id, cycle_no)
