-- Every event of every log, once, with its code, its order and the delivery it belongs to. One row per distinct event.
--
-- key: firm_id, return_id, event_no
-- view: a table would only repeat model.numbered_events
select
    returns.firm_id,
    returns.return_id,
    events.event_no,
    events.cycle_no,
    events.event_at,
    events.event_on,
    labels.tab,
    labels.code,
    worded(labels.words, records.subject) as label, -- The label as logged, tidied, without the status; SSNs and ITINs replaced by [TIN].
    coalesce(
        nullif(labels.logged_status, ''), labels.status
    ) as status,        -- From its own column or the end of the label; null for none.
    labels.recipient,
    records.subject,
    records.actor,
    records.recipient_email,
    records.ip_address,
    events.is_repeat,
    files.file_id,
    events.row_no,
    events.return_key,
    events.file_no
from model.numbered_events as events
join model.returns as returns using (return_key)
join model.labels as labels using (label_no)
left join raw.records as records using (return_key, file_no, row_no)
join raw.file_numbers as files using (file_no)
