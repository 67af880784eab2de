-- How far deliveries get: how many reached each step of the client funnel, and how soon. One row per segment and step. A
-- step counts as reached if it or a later step is logged, so no step has more than an earlier one that applies.
--
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week or month; one total if not given.
-- param: with_recalled = false  Recalled deliveries count too.
-- param: min_age_days = null  Leaves out deliveries younger than this many days; none if not given.
-- param: within_days = null  Counts only what happened within this many days of delivery; all if not given.
-- param: known_by = null  Counts only what had happened by this time (UTC), so the funnel is as it was then; all if not given.
-- every: week
-- access: counts
with deliveries as (
    select
        firm_id, office, partner, return_type, tax_year, delivered_at, delivered_on, delivered_week,
        delivered_month, recalled_at, signed_basis, picked_up_at, uploaded_at, kba_expected,
        email_delivered_seconds, email_opened_seconds, link_selected_seconds, accessed_seconds,
        kba_passed_seconds, signed_seconds, picked_up_seconds
    from mart.deliveries
),
judged as (
    select
        segment_of(deliveries, deliveries.delivered_week, deliveries.delivered_month, split_by) as segment,
        deliveries.kba_expected,
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
),
alike as (
    select
        segment,
        kba_expected,
        furthest_step(judged) as furthest_step,
        count(*) as delivery_count,
        map {
            'delivered': count(*),
            'email delivered': count(email_delivered),
            'email opened': count(email_opened),
            'link selected': count(link_selected),
            'accessed': count(accessed),
            'KBA passed': count(kba_passed),
            'signed': count(signed),
            'picked up': count(picked_up)
        } as logged_counts
    from judged
    group by segment, kba_expected, furthest_step(judged)
),
timed as (
    select
        segment,
        map {
            'delivered': [0.0, 0.0],
            'email delivered': quantile_cont(email_delivered, [0.5, 0.9]),
            'email opened': quantile_cont(email_opened, [0.5, 0.9]),
            'link selected': quantile_cont(link_selected, [0.5, 0.9]),
            'accessed': quantile_cont(accessed, [0.5, 0.9]),
            'KBA passed': quantile_cont(kba_passed, [0.5, 0.9]),
            'signed': quantile_cont(signed, [0.5, 0.9]),
            'picked up': quantile_cont(picked_up, [0.5, 0.9])
        } as quantiles
    from judged
    group by segment
),
-- The steps that apply with and without identity questions, each with the step before it that applies.
applying as (
    select
        expected.kba_expected,
        steps.step_no,
        steps.step,
        expected.kba_expected or steps.eligible = 'every delivery' as applies,
        max(case when expected.kba_expected or steps.eligible = 'every delivery' then steps.step_no end) over (
            partition by expected.kba_expected
            order by steps.step_no nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_step_no
    from ref.steps as steps
    cross join (values (true), (false)) as expected(kba_expected)
),
reached as (
    select
        alike.segment,
        applying.step_no,
        applying.step,
        sum(case when applying.applies then alike.delivery_count else 0 end) as eligible_count,
        sum(alike.logged_counts[applying.step]) as logged_count,
        sum(case
            when applying.applies and furthest.step_no >= applying.step_no then alike.delivery_count else 0
        end) as reached_count,
        sum(case when furthest.step_no = applying.step_no then alike.delivery_count else 0 end) as stopped_count,
        sum(case
            when applying.applies and furthest.step_no >= applying.previous_step_no then alike.delivery_count
            when applying.previous_step_no is not null then 0
        end) as previous_count
    from alike
    join ref.steps as furthest on furthest.step = alike.furthest_step
    join applying using (kba_expected)
    group by alike.segment, applying.step_no, applying.step
)
select
    reached.segment,                                            -- The value of split_by; null for the total, and for returns without a value.
    reached.step_no,
    reached.step,
    cast(reached.eligible_count as bigint) as eligible_count,   -- Deliveries that the step applies to.
    cast(reached.logged_count as bigint) as logged_count,       -- Of those, the ones whose log shows this step itself.
    cast(reached.reached_count as bigint) as reached_count,     -- Of those, the ones that reached this step or a later one.
    percent(reached.reached_count, reached.eligible_count) as reached_percent, -- reached_count of eligible_count.
    cast(reached.previous_count as bigint) as previous_count,   -- Of those, the ones that reached the previous step that applies to them; null for
                        -- the first step.
    percent(reached.reached_count, reached.previous_count) as previous_percent, -- reached_count of previous_count.
    cast(reached.stopped_count as bigint) as stopped_count,     -- Deliveries that reached this step and nothing later.
    in_seconds(timed.quantiles[reached.step][1]) as seconds_median,      -- Median time from delivery to the step, over the logged ones.
    in_seconds(timed.quantiles[reached.step][2]) as seconds_p90          -- 90% of the logged ones were at least this fast.
from reached
left join timed on timed.segment is not distinct from reached.segment
order by reached.segment nulls last, reached.step_no
