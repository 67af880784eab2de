-- Every recall of a return: when, by whom, how far the client had got, and when the return was delivered again. One row
-- per recall; the copy on the other tab is not counted.
--
-- key: firm_id, return_id, cycle_no
-- by: return
-- check: delivered_at is null or recalled_at >= delivered_at
-- check: (delivered_at is null) = (furthest_step_no is null)
with recalled as (
    select
        attributes.*,
        events.cycle_no,
        events.event_at as recalled_at,
        events.event_on as recalled_on,
        records.actor as recalled_by
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    join model.attributes as attributes using (return_key)
    join raw.records as records using (return_key, file_no, row_no)
    where labels.code = 'return_recalled' and not events.is_repeat
),
redelivered as (
    select recalled.firm_id, recalled.return_id, recalled.cycle_no, min(later.delivered_at) as delivered_at
    from recalled
    join mart.deliveries as later using (firm_id, return_id)
    where later.cycle_no > recalled.cycle_no
    group by recalled.firm_id, recalled.return_id, recalled.cycle_no
)
select
    recalled.firm_id,
    recalled.return_id,
    recalled.cycle_no,                  -- The delivery that it ended, or that was being prepared; from 1.
    recalled.recalled_at, -- When the firm recalled it (UTC).
    recalled.recalled_on, -- The same as a date in the firm's time zone.
    recalled.recalled_by,  -- Who recalled, as logged.
    deliveries.delivered_at,
    deliveries.furthest_step_no,        -- The last step of ref.steps that the client had reached; null where it was not delivered.
    deliveries.accessed_at,
    deliveries.kba_passed_count,
    deliveries.uploaded_at,
    deliveries.signature_state,
    deliveries.signed_at,
    redelivered.delivered_at as redelivered_at, -- The next delivery (UTC); null while there is none.
    recalled.client_name,
    recalled.tax_year,
    recalled.return_type,
    recalled.office,
    recalled.partner,
    recalled.due_date
from recalled
left join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
left join redelivered using (firm_id, return_id, cycle_no)
