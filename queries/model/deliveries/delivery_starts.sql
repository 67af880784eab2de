-- When each delivery begins and ends: from the first deliver event of a cycle, or the first initial email if the log has
-- no such event, until the recall. One row per delivery.
--
-- key: return_key, cycle_no
-- by: return
-- check: delivered_basis in ('deliver event', 'initial email')
-- check: recalled_at is null or recalled_at >= delivered_at
with events as (
    select
        numbered.return_key,
        numbered.event_no,
        numbered.cycle_no,
        numbered.event_at,
        numbered.event_on,
        numbered.file_no,
        numbered.row_no,
        labels.code,
        labels.is_deliver
    from model.numbered_events as numbered
    join model.labels as labels using (label_no)
    where not numbered.is_repeat
        and (
            labels.is_deliver
            or labels.code in ('uploaded', 'initial_email_processed', 'return_recalled', 'sent_without_kba')
        )
),
cycles as (
    select
        return_key,
        cycle_no,
        coalesce(
            min(event_no) filter (where is_deliver),
            min(event_no) filter (where code = 'initial_email_processed')
        ) as event_no,
        min(event_at) filter (where code = 'uploaded') as prepared_from_at,
        min(event_at) filter (where code = 'return_recalled') as recalled_at,
        count(*) filter (where code = 'sent_without_kba') as without_kba_count
    from events
    group by return_key, cycle_no
)
select
    events.return_key,
    events.cycle_no,
    events.event_no as delivered_event_no, -- The event that the delivery begins with.
    events.event_at as delivered_at,    -- When the firm sent the return to its client (UTC).
    events.event_on as delivered_on,    -- The same as a date in the firm's time zone.
    case
        when events.code = 'initial_email_processed' then 'initial email'
        else 'deliver event'
    end as delivered_basis,             -- deliver event, or initial email if the log has no such event.
    case
        when events.code <> 'initial_email_processed' then records.actor
    end as delivered_by,                -- Who delivered, as logged; null if only the email is logged.
    case events.code
        when 'delivered_to_taxpayer_first' then 'taxpayer'
        when 'delivered_to_spouse_first' then 'spouse'
    end as delivered_first_to,          -- taxpayer or spouse; null if the label does not say.
    case
        when cycles.prepared_from_at <= events.event_at then cycles.prepared_from_at
    end as prepared_from_at,            -- When the firm uploaded it in the same cycle (UTC); null if not logged.
    cycles.recalled_at,                 -- When the firm recalled it, which ended the delivery (UTC); null if it did not.
    cycles.without_kba_count > 0 as is_without_kba -- The identity questions (KBA) were switched off, anywhere in the cycle.
from cycles
join events using (return_key, event_no)
join raw.records as records using (return_key, file_no, row_no)
