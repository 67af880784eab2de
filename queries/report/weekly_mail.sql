-- The emails of the last full week, the week before, and the same week last season, all at the same age: the week before as
-- it was a week ago, last season's as it was 52 weeks ago. One row per kind of email.
--
-- filters: firms, offices, partners, types, years
-- every: week
-- access: counts

-- Three calls: a lateral join over the weeks gives the same rows and takes thirty times as long.
with weeks as (
    select 0 as weeks_before, *
    from report.email_health(
        since := full_week(0),
        until := full_week(0) + 6,
        known_by := as_of_then(0),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
    union all by name
    select 1 as weeks_before, *
    from report.email_health(
        since := full_week(1),
        until := full_week(1) + 6,
        known_by := as_of_then(1),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
    union all by name
    select 52 as weeks_before, *
    from report.email_health(
        since := full_week(52),
        until := full_week(52) + 6,
        known_by := as_of_then(52),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
)
select
    kind,
    full_week(0) as week, -- The Monday of the last full week, which has ended by as_of.
    coalesce(max(processed_count) filter (where weeks_before = 0), 0) as processed_count, -- Emails that the platform sent in the week.
    coalesce(max(delivered_count) filter (where weeks_before = 0), 0) as delivered_count, -- Of those, the ones that a mail server accepted, or that
                        -- were opened, by as_of.
    max(delivered_percent) filter (where weeks_before = 0) as delivered_percent, -- delivered_count of processed_count.
    coalesce(max(opened_count) filter (where weeks_before = 0), 0) as opened_count, -- Of those, the ones opened by as_of: weak evidence.
    max(opened_percent) filter (where weeks_before = 0) as opened_percent, -- opened_count of delivered_count.
    coalesce(max(bounced_count) filter (where weeks_before = 0), 0) as bounced_count, -- Emails whose last status by as_of is a bounce.
    max(bounced_percent) filter (where weeks_before = 0) as bounced_percent, -- bounced_count of processed_count.
    coalesce(max(unconfirmed_count) filter (where weeks_before = 0), 0) as unconfirmed_count, -- Emails without delivery confirmation within 24 hours.
    full_week(1) as week_before, -- The Monday before.
    coalesce(max(processed_count) filter (where weeks_before = 1), 0) as processed_count_before, -- The same of week_before, 7 days ago.
    coalesce(max(delivered_count) filter (where weeks_before = 1), 0) as delivered_count_before, -- The same of week_before, 7 days ago.
    max(delivered_percent) filter (where weeks_before = 1) as delivered_percent_before, -- delivered_count_before of processed_count_before.
    coalesce(max(opened_count) filter (where weeks_before = 1), 0) as opened_count_before, -- The same of week_before, 7 days ago.
    max(opened_percent) filter (where weeks_before = 1) as opened_percent_before, -- opened_count_before of delivered_count_before.
    coalesce(max(bounced_count) filter (where weeks_before = 1), 0) as bounced_count_before, -- The same of week_before, 7 days ago.
    max(bounced_percent) filter (where weeks_before = 1) as bounced_percent_before, -- bounced_count_before of processed_count_before.
    coalesce(max(unconfirmed_count) filter (where weeks_before = 1), 0) as unconfirmed_count_before, -- The same of week_before, 7 days ago.
    full_week(52) as week_last_season, -- The Monday 52 weeks before week, the same weekdays of the last season.
    coalesce(max(processed_count) filter (where weeks_before = 52), 0) as processed_count_last_season, -- The same of week_last_season, 364 days ago.
    coalesce(max(delivered_count) filter (where weeks_before = 52), 0) as delivered_count_last_season, -- The same of week_last_season, 364 days ago.
    max(delivered_percent) filter (where weeks_before = 52) as delivered_percent_last_season, -- delivered_count_last_season of
                        -- processed_count_last_season.
    coalesce(max(opened_count) filter (where weeks_before = 52), 0) as opened_count_last_season, -- The same of week_last_season, 364 days ago.
    max(opened_percent) filter (where weeks_before = 52) as opened_percent_last_season, -- opened_count_last_season of delivered_count_last_season.
    coalesce(max(bounced_count) filter (where weeks_before = 52), 0) as bounced_count_last_season, -- The same of week_last_season, 364 days ago.
    max(bounced_percent) filter (where weeks_before = 52) as bounced_percent_last_season, -- bounced_count_last_season of processed_count_last_season.
    coalesce(max(unconfirmed_count) filter (where weeks_before = 52), 0) as unconfirmed_count_last_season -- The same of week_last_season, 364 days
                        -- ago.
from weeks
group by kind
order by case kind when 'initial' then 1 when 'access_code' then 2 else 3 end, kind
