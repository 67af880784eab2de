-- How long returns take: to delivery, to the client's access, to the signature. One row per segment and span. The median of
-- what has happened makes recent weeks look fast; days_half and days_most count what has not happened yet as longer.
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
        deliveries.signed_seconds as to_signature,
        seconds_between(deliveries.delivered_at, newest_time()) as age,
        seconds_between(deliveries.accessed_at, newest_time()) as access_age,
        deliveries.accessed_at is not null
            and (deliveries.signed_at is null or deliveries.signed_at >= deliveries.accessed_at) as is_accessed
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
        unnest([count(to_delivery), count(*), count(*) filter (where is_accessed), count(*)]) as base_count,
        unnest([
            quantile_cont(to_delivery, [0.5, 0.9]),
            quantile_cont(to_access, [0.5, 0.9]),
            quantile_cont(access_to_signature, [0.5, 0.9]),
            quantile_cont(to_signature, [0.5, 0.9])
        ]) as quantiles,
        -- What has not happened sorts behind everything that has.
        unnest([
            quantile_disc(to_delivery, [0.5, 0.9]),
            quantile_disc(coalesce(to_access, never()), [0.5, 0.9]),
            quantile_disc(coalesce(access_to_signature, never()), [0.5, 0.9]) filter (where is_accessed),
            quantile_disc(coalesce(to_signature, never()), [0.5, 0.9])
        ]) as all_quantiles,
        unnest([
            null,
            min(age) filter (where to_access is null),
            min(access_age) filter (where is_accessed and access_to_signature is null),
            min(age) filter (where to_signature is null)
        ]) as least_open
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
    in_days(in_seconds(quantiles[2])) as days_p90,          -- seconds_p90 as days.
    base_count,                                 -- Deliveries whose log shows the start, whether or not it shows the end yet.
    in_days(known_quantile(all_quantiles[1], least_open)) as days_half, -- Half of base_count took at most this long; null while fewer than half have
                                -- happened, or while one that has not is younger than that: it could still be sooner.
    in_days(known_quantile(all_quantiles[2], least_open)) as days_most -- 90% of base_count took at most this long, likewise.
from measured
order by segment nulls last, span_no
