-- The cards of the first page: what waits for the firm now, and the last full week compared with the week before. One row
-- per measure. Weeks run from Monday to Sunday in the firm's time zone; the last full week has ended by as_of.
--
-- key: measure
-- filters: firms, offices, partners, types, years
-- access: counts
with weeks as (
    select
        cast(full_week(0) as varchar) as week,
        cast(full_week(1) as varchar) as week_before,
        build.as_of
    from raw.build as build
),
measured as (
    select
        'our move' as measure,
        weeks.week,
        count(*) as value,
        count(*) filter (where returns.waiting_since <= weeks.as_of - interval '3' day) as part_count,
        count(*) as base_count
    from weeks
    join mart.returns as returns
        on returns.next_step_owner = 'firm'
        and passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
    group by weeks.week
    union all
    select 'delivered' as measure, outcomes.segment, outcomes.delivery_count, null, outcomes.delivery_count
    from report.delivery_outcomes(
        since := full_week(1),
        until := full_week(0) + 6,
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years,
        split_by := 'week'
    ) as outcomes
    union all
    select 'bounce rate' as measure, emails.segment, emails.bounced_percent, emails.bounced_count, emails.processed_count
    from report.email_health(
        since := full_week(1),
        until := full_week(0) + 6,
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years,
        split_by := 'week'
    ) as emails
    where emails.kind = 'initial'
    union all
    -- Of the week before the last full one: all its deliveries are 7 days old, as all of the week before that are.
    select
        'signed within 7 days' as measure,
        cast(cast(cohorts.segment as date) + 7 as varchar) as segment,
        cohorts.signed_percent,
        cohorts.signed_count,
        cohorts.delivery_count
    from report.cohorts(
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    ) as cohorts
    where cohorts.within_days = 7
)
select
    measures.measure,       -- our move: returns whose next step is the firm's. delivered: deliveries of the week. bounce rate:
                            -- of the week's initial emails, in percent. signed within 7 days: of the week's deliveries, in percent.
    case
        when measures.measure = 'signed within 7 days' then cast(full_week(1) as varchar) else weeks.week
    end as week,            -- The Monday of the last full week, and of signed within 7 days the week before it; our move is as of now.
    case
        when measures.measure = 'signed within 7 days' then full_week(1) else full_week(0)
    end + 6 as week_end,    -- The Sunday of that week.
    coalesce(now.value, measures.no_value) as value, -- Now, or in the last full week; null where there is nothing to measure.
    case when not measures.is_now then coalesce(before.value, measures.no_value) end as value_before, -- In the week before; null for our move, which
                        -- has no past.
    coalesce(now.part_count, measures.no_part) as part_count, -- our move: those that have waited more than 3 days. bounce rate: bounced emails. signed
                        -- within 7 days: those signed. Else null.
    coalesce(now.base_count, 0) as base_count, -- What the value counts or is a rate of: returns, deliveries or emails.
    case when not measures.is_now then coalesce(before.part_count, measures.no_part) end as part_count_before, -- part_count of the week before.
    case when not measures.is_now then coalesce(before.base_count, 0) end as base_count_before -- base_count of the week before.
from (
    values (1, 'our move', true, 0, 0), (2, 'delivered', false, 0, null), (3, 'bounce rate', false, null, 0),
        (4, 'signed within 7 days', false, null, 0)
) as measures(measure_no, measure, is_now, no_value, no_part)
cross join weeks
left join measured as now using (measure, week)
left join measured as before on before.measure = measures.measure and before.week = weeks.week_before
order by measures.measure_no
