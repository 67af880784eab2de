-- The cards of the first page over the last eight full weeks, for their small lines. One row per measure and week.
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
)
select
    measure,             -- delivered, bounce rate or signed within 7 days, as in report.headline.
    week,                -- The Monday of a full week; signed within 7 days ends one week earlier than the others.
    cast(value as double) as value, -- Of that week. Rates of weeks with fewer than 30 emails or deliveries are left out.
    base_count           -- What the value counts or is a rate of.
from measured
order by measure, week
