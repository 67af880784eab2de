-- The deliveries behind a bar of the funnel, as many as the bar counts. One row per delivery, the oldest first.
--
-- key: firm_id, return_id, cycle_no
-- param: for_step = 'delivered'  The step of the bar, a name in ref.steps.
-- param: stopped = false  True for those that reached this step and no later one; else all that reached it.
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  The split of the bar: office, partner, return_type, tax_year, week or month.
-- param: for_segment = null  The segment of the bar; with a split, null is the bar of those without a value.
-- param: with_recalled = false  Recalled deliveries count too.
-- param: min_age_days = null  Leaves out deliveries younger than this many days; none if not given.
-- param: for_outcome = null  signed, probably signed, partly signed, paper, recalled or not signed, as delivery_outcomes counts; all if not given.
-- param: within_days = null  Counts only what happened within this many days of delivery; all if not given.
-- param: known_by = null  Counts only what had happened by this time (UTC), so the funnel is as it was then; all if not given.

-- The first two queries are like those of firm_funnel. Tests compare the number of rows with the bar, also at a time.
with deliveries as (
    select
        firm_id, return_id, cycle_no, client_name, due_date, signature_state, signed_basis, office, partner, return_type,
        tax_year, delivered_at, delivered_on, delivered_week, delivered_month, recalled_at,
        picked_up_at, uploaded_at, kba_expected, email_delivered_seconds, email_opened_seconds,
        link_selected_seconds, accessed_seconds, kba_passed_seconds, signed_seconds, picked_up_seconds
    from mart.deliveries
),
judged as (
    select
        deliveries.firm_id, deliveries.return_id, deliveries.cycle_no, deliveries.client_name, deliveries.return_type,
        deliveries.office, deliveries.partner, deliveries.due_date, deliveries.tax_year, deliveries.delivered_at,
        deliveries.kba_expected, deliveries.signature_state, deliveries.signed_basis, deliveries.recalled_at,
        counted(deliveries.delivered_at, deliveries.email_delivered_seconds, within_days, known_by) as email_delivered,
        counted(deliveries.delivered_at, deliveries.email_opened_seconds, within_days, known_by) as email_opened,
        counted(deliveries.delivered_at, deliveries.link_selected_seconds, within_days, known_by) as link_selected,
        counted(deliveries.delivered_at, deliveries.accessed_seconds, within_days, known_by) as accessed,
        case
            when deliveries.kba_expected
            then counted(deliveries.delivered_at, deliveries.kba_passed_seconds, within_days, known_by)
        end as kba_passed,
        counted(deliveries.delivered_at, signed_by(deliveries, known_by), within_days, known_by) as signed,
        counted(deliveries.delivered_at, deliveries.picked_up_seconds, within_days, known_by) as picked_up
    from deliveries
    where (known_by is null or deliveries.delivered_at <= known_by)
        and passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
        and during(deliveries.delivered_on, since, until)
        and counts_in_funnel(deliveries, min_age_days, with_recalled or coalesce(deliveries.recalled_at > known_by, false))
        and segment_of(deliveries, deliveries.delivered_week, deliveries.delivered_month, split_by)
            is not distinct from cast(for_segment as varchar)
        and (for_outcome is null or outcome_of(deliveries) = for_outcome)
        and all_known(
            case when for_outcome is not null then [for_outcome] end,
            ['signed', 'probably signed', 'partly signed', 'paper', 'recalled', 'not signed']
        )
),
asked as (
    select steps.step_no, steps.eligible = 'KBA expected' as needs_kba
    from ref.steps as steps
    where steps.step = coalesce(for_step, 'delivered')
        and (
            select all_known([coalesce(for_step, 'delivered')], list(known.step order by known.step_no))
            from ref.steps as known
        )
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
    judged.signed_basis,
    judged.recalled_at
from judged
join ref.steps as steps on steps.step = furthest_step(judged)
cross join asked
where steps.step_no >= asked.step_no
    and (steps.step_no = asked.step_no or not stopped)
    and (judged.kba_expected or not asked.needs_kba)
order by judged.delivered_at, judged.firm_id, judged.return_id, judged.cycle_no
