-- The deliveries behind a bar of the funnel, as many as the bar says. One row per delivery, the oldest first.
--
-- key: firm_id, return_id, cycle_no
-- param: for_step = 'delivered'  The step of the bar, a word of ref.steps.
-- param: stopped = false  True for those that reached the step and nothing later, else all that reached it.
-- param: since = null  First day of delivery; open if not given.
-- param: until = null  Last day of delivery, itself included; open if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  The split that the bar is of: office, partner, return_type, tax_year, week or month.
-- param: for_segment = null  The segment that the bar is of; null with a split is the bar of those without a value.
-- param: with_recalled = false  Recalled deliveries count too.
-- param: min_age_days = null  Leaves out deliveries younger than so many days; none if not given.
-- param: within_days = null  Counts only what came at most so many days after delivery; all if not given.
-- param: known_by = null  Counts only what had come by this moment (UTC), as the funnel stood then; all if not given.

-- The columns of firm_funnel, once more: with the moment handed to `soon` and `furthest_step` instead, the funnel takes a
-- third longer to plan. Tests hold each list against the length of its bar, also at a moment.
with stood as (
    select deliveries.* replace (
        come_by(deliveries, deliveries.email_delivered_seconds, known_by) as email_delivered_seconds,
        come_by(deliveries, deliveries.email_opened_seconds, known_by) as email_opened_seconds,
        come_by(deliveries, deliveries.link_selected_seconds, known_by) as link_selected_seconds,
        come_by(deliveries, deliveries.accessed_seconds, known_by) as accessed_seconds,
        come_by(deliveries, deliveries.kba_passed_seconds, known_by) as kba_passed_seconds,
        come_by(deliveries, deliveries.picked_up_seconds, known_by) as picked_up_seconds,
        signed_by(deliveries, known_by) as signed_seconds
    )
    from mart.deliveries as deliveries
    where known_by is null or deliveries.delivered_at <= known_by
),
asked as (
    select steps.step_no, steps.eligible = 'KBA expected' as needs_kba
    from ref.steps as steps
    where steps.step = coalesce(for_step, 'delivered')
        and (
            select all_known([coalesce(for_step, 'delivered')], list(known.step order by known.step_no))
            from ref.steps as known
        )
),
judged as (
    select
        deliveries.firm_id, deliveries.return_id, deliveries.cycle_no, deliveries.client_name, deliveries.return_type,
        deliveries.office, deliveries.partner, deliveries.due_date, deliveries.tax_year, deliveries.delivered_at,
        deliveries.kba_expected, deliveries.signature_state, deliveries.recalled_at,
        furthest_step(deliveries, within_days) as furthest_step
    from stood as deliveries
    where asked_for(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
        and during(deliveries.delivered_on, since, until)
        and to_be_judged(deliveries, min_age_days, with_recalled or coalesce(deliveries.recalled_at > known_by, false))
        and segment_of(deliveries, deliveries.delivered_week, deliveries.delivered_month, split_by)
            is not distinct from cast(for_segment as varchar)
)
select
    judged.return_id,
    judged.client_name,
    judged.return_type,
    judged.office,
    judged.partner,
    judged.due_date,
    judged.firm_id,
    judged.tax_year,
    judged.cycle_no,
    judged.delivered_at,
    steps.step,                -- The furthest step that the delivery reached.
    judged.signature_state,
    judged.recalled_at
from judged
join ref.steps as steps on steps.step = judged.furthest_step
cross join asked
where steps.step_no >= asked.step_no
    and (steps.step_no = asked.step_no or not stopped)
    and (judged.kba_expected or not asked.needs_kba)
order by judged.delivered_at, judged.firm_id, judged.return_id, judged.cycle_no
