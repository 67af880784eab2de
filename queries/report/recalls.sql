-- Every recall: when, by whom, how long after delivery, what the client had done by then, and how long until the next
-- delivery. One row per recall, the newest first.
--
-- key: firm_id, return_id, cycle_no
-- param: since = null  First day of recall; no limit if not given.
-- param: until = null  Last day of recall, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- every: week
select
    recalls.return_id,
    recalls.client_name,
    recalls.return_type,
    recalls.office,
    recalls.partner,
    recalls.due_date,
    recalls.firm_id,
    recalls.tax_year,
    recalls.cycle_no,
    recalls.recalled_at,
    recalls.recalled_by,
    recalls.delivered_at,
    in_days(seconds_between(recalls.delivered_at, recalls.recalled_at)) as delivery_to_recall_days, -- Null where it was not delivered.
    steps.step,                         -- The furthest step that the client had reached; null where it was not delivered.
    recalls.accessed_at,
    recalls.kba_passed_count,
    recalls.uploaded_at,
    recalls.signature_state,
    recalls.signed_at,
    recalls.signature_state in ('signed', 'probably signed', 'partly signed') as is_signature_voided, -- What was signed,
                                        -- or probably or in part, is an earlier version now; null where it was not delivered.
    recalls.redelivered_at,
    in_days(seconds_between(recalls.recalled_at, recalls.redelivered_at)) as recall_to_redelivery_days -- Null while not delivered again.
from mart.recalls as recalls
left join ref.steps as steps on steps.step_no = recalls.furthest_step_no
where passes_filters(recalls, for_firms, for_offices, for_partners, for_types, for_years)
    and during(recalls.recalled_on, since, until)
order by recalls.recalled_at desc, recalls.firm_id, recalls.return_id, recalls.cycle_no
