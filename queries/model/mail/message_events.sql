-- Every logged status of an email with the message it belongs to: the one of its kind and recipient that was processed
-- last before it, even before a recall. Statuses before the first processed one form a message of their own. One row per
-- event.
--
-- key: return_key, event_no
-- by: return
-- check: kind in ('initial', 'access_code', 'cc')
-- check: mail_status in ('processed', 'delivered', 'opened', 'bounced')
with mail as (
    select
        events.return_key, events.event_no, events.cycle_no, events.event_at, events.event_on, events.label_no,
        events.file_no, events.row_no,
        labels.mail_no,
        -- A line that its file repeats is no second email.
        labels.mail_status = 'processed' and coalesce(occurrences.occurrence_no, 1) = 1 as is_processed
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    left join raw.occurrences as occurrences using (file_no, row_no)
    where labels.mail_kind is not null
),
carried as (
    select
        return_key, event_no, event_at, event_on, label_no, file_no, row_no,
        max(case when is_processed then event_no end) over before_it as processed_event_no,
        max(case when is_processed then event_at end) over before_it as processed_at,
        coalesce(
            max(case when is_processed then cycle_no end) over before_it,
            min(cycle_no) over before_it
        ) as cycle_no
    from mail
    window before_it as (
        partition by return_key, mail_no
        order by event_no nulls last
        rows between unbounded preceding and current row
    )
)
select
    carried.return_key,
    carried.event_no,
    carried.cycle_no,           -- The cycle that the message was processed in, even for a status after its recall.
    labels.mail_kind as kind,   -- initial (with the access link), access_code, or cc (to a third party).
    labels.recipient,
    coalesce(
        carried.processed_event_no, 0
    ) as processed_event_no,    -- The event that its message begins with; 0 if not logged.
    labels.mail_status,         -- processed, delivered, opened or bounced.
    carried.event_at,
    carried.event_on,
    records.recipient_email,
    coalesce(
        carried.event_no >= starts.delivered_event_no
        or (labels.mail_kind = 'initial' and carried.processed_at >= starts.delivered_at - interval '2' minute),
        false
    ) as counts -- It is evidence for the delivery: not before it, or an initial email at most 2 minutes before it.
from carried
join model.labels as labels using (label_no)
join raw.records as records using (return_key, file_no, row_no)
left join model.delivery_starts as starts using (return_key, cycle_no)
