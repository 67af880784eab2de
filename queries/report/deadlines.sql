-- The due dates that many of the delivered returns share, for the lines on charts. One row per due date, from the first
-- delivery to two weeks after the last one.
--
-- key: due_date
-- check: delivery_count > 0
-- param: least_percent = 5  Leaves out dates on which a smaller share of the deliveries is due, in percent.
-- filters: firms, offices, partners, types, years
-- access: counts
with delivered as (
    select deliveries.return_type, deliveries.due_date, deliveries.delivered_on
    from mart.deliveries as deliveries
    where deliveries.due_date is not null
        and passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
),
spanned as (
    select min(delivered_on) as first_on, max(delivered_on) + 14 as last_on, count(*) as delivery_count
    from delivered
),
days as (
    select due_date, list_sort(list(distinct return_type)) as forms, count(*) as delivery_count
    from delivered
    group by due_date
)
select
    days.due_date,
    cast(cast(date_trunc('week', days.due_date) as date) as varchar) as due_week, -- The Monday of its week.
    array_to_string(days.forms, ', ') as return_types,                  -- The forms due on that date.
    days.delivery_count,                                                -- Deliveries of returns due on that date.
    spanned.delivery_count as all_count,                                -- Deliveries of returns whose due date is known.
    percent(days.delivery_count, spanned.delivery_count) as due_percent -- delivery_count of all_count.
from days
cross join spanned
where days.due_date between spanned.first_on and spanned.last_on
    and percent(days.delivery_count, spanned.delivery_count) >= coalesce(least_percent, 0)
order by days.due_date
