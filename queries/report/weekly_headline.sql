-- The cards of the first page over the last eight full weeks, for their small lines. One row per measure and week, also without a value.
--
-- key: measure, week
-- filters: firms, offices, partners, types, years
-- access: counts
with measured as (
    select 'delivered' as measure, outcomes.segment as week, outcomes.delivery_count as value, outcomes.delivery_count as base_count
    from report.delivery_outcomes(
        since := full_week(7),
        until := full_week(0) + 6,
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years,
        split_by := 'week'
    ) as outcomes
    union all
    select 'bounce rate' as measure, emails.segment, emails.bounced_percent, emails.processed_count
    from report.email_health(
        since := full_week(7),
        until := full_week(0) + 6,
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years,
        split_by := 'week'
    ) as emails
    where emails.kind = 'initial' and emails.processed_count >= 30
    union all
    select 'signed within 7 days' as measure, cohorts.segment, cohorts.signed_percent, cohorts.delivery_count
    from report.cohorts(
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    ) as cohorts
    where cohorts.within_days = 7
        and cohorts.delivery_count >= 30
        and cast(cohorts.segment as date) between full_week(8) and full_week(1)
),
weeks as (
    -- All of them, so that a line has a gap where a rate is left out. Signed within 7 days ends one week earlier.
    select
        measures.measure,
        strftime(full_week(cast(measures.latest + before.number as integer)), '%Y-%m-%d') as week,
        measures.without_any
    from (values ('delivered', 0, 0), ('bounce rate', 0, null), ('signed within 7 days', 1, null))
        as measures (measure, latest, without_any)
    cross join range(8) as before (number)
)
select
    measure,             -- delivered, bounce rate or signed within 7 days, as in report.headline.
    week,                -- The Monday of a full week; signed within 7 days ends one week earlier than the others.
    cast(coalesce(measured.value, weeks.without_any) as double) as value, -- Null for a rate of fewer than 30 emails or deliveries.
    coalesce(measured.base_count, weeks.without_any) as base_count -- What the value counts or is a rate of; null without a rate.
from weeks
left join measured using (measure, week)
-- No line for who has nothing in these weeks.
where exists (select 1 from measured)
order by measure, week
