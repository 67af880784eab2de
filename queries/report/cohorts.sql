-- How many of each week's deliveries were signed within 1, 2, 3, 5, 7, 14 and 21 days. One row per week of delivery and
-- number of days. A week is shown only once all its deliveries are that old, so that recent weeks do not look worse.
--
-- key: segment, within_days
-- check: signed_count <= delivery_count
-- filters: firms, offices, partners, types, years
-- access: counts
with delivered as (
    select
        deliveries.delivered_week as segment,
        deliveries.delivered_at,
        deliveries.signed_seconds
    from mart.deliveries as deliveries
    where deliveries.recalled_at is null
        and passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
),
weeks as (
    select
        segment,
        max(delivered_at) as last_delivered_at,
        count(*) as delivery_count
    from delivered
    group by segment
),
ages(age_days) as (
    values (1), (2), (3), (5), (7), (14), (21)
),
judged as (
    select
        weeks.segment,
        ages.age_days,
        weeks.delivery_count
    from weeks
    cross join ages
    cross join raw.build as build
    where weeks.last_delivered_at <= build.as_of - to_days(ages.age_days)
)
select
    judged.segment,                 -- The Monday of the week of delivery, in the firm's time zone.
    judged.age_days as within_days, -- Days after delivery.
    any_value(judged.delivery_count) as delivery_count, -- Deliveries of the week, recalled ones left out.
    count(delivered.signed_seconds) filter (
        where delivered.signed_seconds <= judged.age_days * 86400
    ) as signed_count,              -- Those signed within this many days of delivery.
    percent(
        count(delivered.signed_seconds) filter (where delivered.signed_seconds <= judged.age_days * 86400),
        any_value(judged.delivery_count)
    ) as signed_percent             -- signed_count of delivery_count.
from judged
join delivered using (segment)
group by judged.segment, judged.age_days
order by judged.segment, judged.age_days
