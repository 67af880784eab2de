-- Each recall: when, by whom, how long after delivery, what the client had done by then, and how long until the return
-- was delivered again. One row per recall, the newest first.
--
-- key: firm_id, return_id, cycle_no
-- param: since = null  First day of recall; open if not given.
-- param: until = null  Last day of recall, itself included; open if not given.
-- param: for_firms = null  Only these firms; all if not given.
-- param: for_offices = null  Only these offices; all if not given.
-- param: for_partners = null  Only these partners of the firm; all if not given.
-- param: for_types = null  Only these forms; all if not given.
-- param: for_years = null  Only these tax years; all if not given.
-- every: week
with recalled as (
    select events.firm_id, events.return_id, events.cycle_no, events.event_at, events.actor
    from model.events as events
    where events.code = 'return_recalled'
        and not events.is_repeat
        and during(events.event_on, since, until)
),
redelivered as (
    select recalled.firm_id, recalled.return_id, recalled.cycle_no, min(deliveries.delivered_at) as delivered_at
    from recalled
    join mart.deliveries as deliveries
        on deliveries.firm_id = recalled.firm_id
        and deliveries.return_id = recalled.return_id
        and deliveries.cycle_no > recalled.cycle_no
    group by recalled.firm_id, recalled.return_id, recalled.cycle_no
)
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    recalled.cycle_no,                  -- The delivery that it ended, or was to become one; from 1.
    recalled.event_at as recalled_at,   -- The firm pulled it back (UTC).
    recalled.actor as recalled_by,      -- Who recalled, as logged.
    deliveries.delivered_at,
    in_days(seconds_between(deliveries.delivered_at, recalled.event_at)) as delivery_to_recall_days, -- Null where it was not delivered.
    steps.step,                         -- The furthest step that the client had reached; null where it was not delivered.
    deliveries.accessed_at,
    deliveries.kba_passed_count,
    deliveries.uploaded_at,
    deliveries.signature_state,
    deliveries.signed_at,
    deliveries.signature_state in ('signed', 'probably signed', 'partly signed') as is_signature_voided, -- What was signed,
                                        -- or probably or in part, is an earlier version now; null where it was not delivered.
    redelivered.delivered_at as redelivered_at, -- The next delivery (UTC); null while there is none.
    in_days(seconds_between(recalled.event_at, redelivered.delivered_at)) as recall_to_redelivery_days -- Null while not delivered again.
from recalled
join mart.returns as returns
    on returns.firm_id = recalled.firm_id
    and returns.return_id = recalled.return_id
left join mart.deliveries as deliveries
    on deliveries.firm_id = recalled.firm_id
    and deliveries.return_id = recalled.return_id
    and deliveries.cycle_no = recalled.cycle_no
left join ref.steps as steps on steps.step_no = furthest_step(deliveries, null, null) and deliveries.cycle_no is not null
left join redelivered
    on redelivered.firm_id = recalled.firm_id
    and redelivered.return_id = recalled.return_id
    and redelivered.cycle_no = recalled.cycle_no
where asked_for(returns, for_firms, for_offices, for_partners, for_types, for_years)
order by recalled.event_at desc, recalled.firm_id, recalled.return_id, recalled.cycle_no
