-- How many of each week's deliveries were signed within 1, 2, 3, 5, 7, 14 and 21 days. One row per week of delivery and
-- number of days. A week is shown only once all its deliveries are that old, so that recent weeks do not look worse.
--
-- key: segment, within_days
-- check: signed_count <= delivery_count
-- filters: firms, offices, partners, types, years
-- param: least_deliveries = 1  Leaves out weeks with fewer deliveries than this.
-- access: counts
with days as (
    select
        deliveries.delivered_week as segment,
        -- A signature after exactly one day is within one day.
        (deliveries.signed_seconds + 86399) // 86400 as signed_within_days,
        max(deliveries.delivered_at) as last_delivered_at,
        count(*) as delivery_count
    from mart.deliveries as deliveries
    where deliveries.recalled_at is null
        and passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
    group by deliveries.delivered_week, signed_within_days
),
ages(age_days) as (
    values (1), (2), (3), (5), (7), (14), (21)
),
judged as (
    select
        days.segment,
        ages.age_days,
        max(days.last_delivered_at) as last_delivered_at,
        cast(sum(days.delivery_count) as bigint) as delivery_count,
        cast(
            coalesce(sum(days.delivery_count) filter (where days.signed_within_days <= ages.age_days), 0) as bigint
        ) as signed_count
    from days
    cross join ages
    group by days.segment, ages.age_days
)
select
    judged.segment,                 -- The Monday of the week of delivery, in the firm's time zone.
    judged.age_days as within_days, -- Days after delivery.
    judged.delivery_count,          -- Deliveries of the week, recalled ones left out.
    judged.signed_count,            -- Those signed within this many days of delivery.
    percent(judged.signed_count, judged.delivery_count) as signed_percent -- signed_count of delivery_count.
from judged
cross join raw.build as build
where judged.delivery_count >= least_deliveries
    and judged.last_delivered_at <= build.as_of - to_days(judged.age_days)
order by judged.segment, judged.age_days
