-- The deliveries behind a number of turnaround, as many as base_count. One row per delivery, the oldest first.
--
-- key: firm_id, return_id, cycle_no
-- param: for_span = 'delivery to signature'  The span, as in turnaround.
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: with_recalled = false  Recalled deliveries count too.
-- param: min_age_days = null  Leaves out deliveries younger than this many days; none if not given.

-- The conditions are those of turnaround; a test compares the number of rows.
select
    deliveries.return_id,
    deliveries.client_name,
    deliveries.return_type,
    deliveries.office,
    deliveries.partner,
    deliveries.due_date,
    deliveries.firm_id,
    deliveries.tax_year,
    deliveries.cycle_no,
    deliveries.delivered_at,
    deliveries.accessed_at,
    deliveries.signed_at,
    in_days(
        case for_span
            when 'upload to delivery' then deliveries.preparing_seconds
            when 'delivery to access' then deliveries.accessed_seconds
            when 'access to signature' then deliveries.signed_seconds - deliveries.accessed_seconds
            else deliveries.signed_seconds
        end
    ) as span_days,        -- How long the span took; null while its end has not come.
    deliveries.signature_state,
    deliveries.signed_basis
from mart.deliveries as deliveries
where passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
    and during(deliveries.delivered_on, since, until)
    and counts_in_funnel(deliveries, min_age_days, with_recalled)
    and all_known(
        [for_span], ['upload to delivery', 'delivery to access', 'access to signature', 'delivery to signature']
    )
    and case for_span
        when 'upload to delivery' then deliveries.preparing_seconds is not null
        when 'access to signature'
        then deliveries.accessed_at is not null
            and (deliveries.signed_at is null or deliveries.signed_at >= deliveries.accessed_at)
        else true
    end
order by deliveries.delivered_at, deliveries.firm_id, deliveries.return_id, deliveries.cycle_no
