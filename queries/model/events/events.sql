-- Every event of every log, once, with its code, its order and the delivery it belongs to. One row per distinct event.
--
-- key: firm_id, return_id, event_no
-- check: cycle_no >= 1
-- check: code is not null
-- check: tab in ('Client', 'Internal')
-- check: not is_repeat or code in ('return_recalled', 'return_reprocessed')
with repeats as (
    select firm_id, return_id, event_no, code, recall_no
    from model.turns
    where is_repeat
)
select
    numbered.firm_id,
    numbered.return_id,
    numbered.event_no,
    coalesce(
        case when repeats.code = 'return_recalled' then repeats.recall_no end,
        spans.cycle_no,
        1
    ) as cycle_no,      -- 1 for the first delivery, one more after each recall; a recall belongs to the cycle it ends.
    events.event_at,
    events.event_on,
    events.tab,
    labels.code,
    replace(
        labels.words, '"..."', '"' || coalesce(events.subject, '') || '"'
    ) as label,         -- The label as logged, tidied, without the status; SSNs and ITINs replaced by [TIN].
    coalesce(events.status, labels.status) as status, -- From its own column or the end of the label; null for none.
    labels.recipient,
    events.subject,
    events.actor,
    events.recipient_email,
    events.ip_address,
    repeats.event_no is not null as is_repeat, -- A copy of a recall or reprocessing that the other tab shows too; it is
                        -- not counted.
    events.file_id,
    events.row_no
from raw.events as events
join model.numbered_events as numbered using (file_id, row_no)
join model.labels as labels using (label_no)
left join model.recalled_spans as spans
    on spans.firm_id = numbered.firm_id
    and spans.return_id = numbered.return_id
    and spans.after_event_no < numbered.event_no
    and (spans.until_event_no >= numbered.event_no or spans.until_event_no is null)
left join repeats
    on repeats.firm_id = numbered.firm_id
    and repeats.return_id = numbered.return_id
    and repeats.event_no = numbered.event_no
