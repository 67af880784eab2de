-- How long returns take: to delivery, to the client's access, to the signature. One row per segment and span. Only what has
-- happened counts, so recent weeks look faster than they are.
--
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week or month; one total if not given.
-- param: with_recalled = false  Recalled deliveries count too.
-- param: min_age_days = null  Leaves out deliveries younger than this many days; none if not given.
-- every: week
-- access: counts
with deliveries as (
    select
        firm_id, office, partner, return_type, tax_year, delivered_at, delivered_on, delivered_week,
        delivered_month, recalled_at, accessed_at, signed_at, preparing_seconds, accessed_seconds,
        signed_seconds
    from mart.deliveries
),
timed as (
    select
        segment_of(deliveries, deliveries.delivered_week, deliveries.delivered_month, split_by) as segment,
        deliveries.preparing_seconds as to_delivery,
        deliveries.accessed_seconds as to_access,
        case
            when deliveries.signed_at >= deliveries.accessed_at then deliveries.signed_seconds - deliveries.accessed_seconds
        end as access_to_signature,
        deliveries.signed_seconds as to_signature
    from deliveries
    where passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
        and during(deliveries.delivered_on, since, until)
        and counts_in_funnel(deliveries, min_age_days, with_recalled)
),
measured as (
    select
        segment,
        unnest([1, 2, 3, 4]) as span_no,
        unnest(['upload to delivery', 'delivery to access', 'access to signature', 'delivery to signature']) as span,
        unnest([count(to_delivery), count(to_access), count(access_to_signature), count(to_signature)]) as delivery_count,
        unnest([
            quantile_cont(to_delivery, [0.5, 0.9]),
            quantile_cont(to_access, [0.5, 0.9]),
            quantile_cont(access_to_signature, [0.5, 0.9]),
            quantile_cont(to_signature, [0.5, 0.9])
        ]) as quantiles
    from timed
    group by segment
)
select
    segment,                                    -- The value of split_by; null for the total, and for returns without a value.
    span_no,                                    -- The order of the spans, from 1.
    span,                                       -- Start and end: upload and delivery are the firm's, access and signature the client's.
    delivery_count,                             -- Deliveries whose log shows both start and end.
    in_seconds(quantiles[1]) as seconds_median,             -- Half of them took at most this long.
    in_seconds(quantiles[2]) as seconds_p90,                -- 90% of them took at most this long.
    in_days(in_seconds(quantiles[1])) as days_median,       -- seconds_median as days.
    in_days(in_seconds(quantiles[2])) as days_p90           -- seconds_p90 as days.
from measured
order by segment nulls last, span_no
