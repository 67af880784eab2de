-- The outcome of each delivery, counted once. One row per segment; the counts of outcomes add up to delivery_count.
--
-- check: signed_count + probably_signed_count + partly_signed_count + paper_count + recalled_count + open_count
--     = delivery_count
-- check: esigned_count + picked_up_count + uploaded_count = signed_count
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week or month; one total if not given.
-- param: min_age_days = null  Leaves out deliveries younger than this many days; none if not given.
-- every: week
-- access: counts
with deliveries as (
    select
        firm_id, office, partner, return_type, tax_year, delivered_at, delivered_on, delivered_week,
        delivered_month, recalled_at, signature_state, signed_basis
    from mart.deliveries
),
ended as (
    select
        segment_of(deliveries, deliveries.delivered_week, deliveries.delivered_month, split_by) as segment,
        outcome_of(deliveries) as outcome,
        signed_basis
    from deliveries
    where passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
        and during(deliveries.delivered_on, since, until)
        and counts_in_funnel(deliveries, min_age_days, with_recalled := true)
),
alike as (
    select segment, outcome, signed_basis, count(*) as delivery_count
    from ended
    group by segment, outcome, signed_basis
),
counted as (
    select
        segment,
        total(alike.delivery_count) as delivery_count,
        total(case when outcome = 'signed' then alike.delivery_count else 0 end) as signed_count,
        total(
            case when outcome = 'signed' and signed_basis in ('seen', 'esigned') then alike.delivery_count else 0 end
        ) as esigned_count,
        total(case when outcome = 'signed' and signed_basis = 'picked_up' then alike.delivery_count else 0 end) as picked_up_count,
        total(case when outcome = 'signed' and signed_basis = 'uploaded' then alike.delivery_count else 0 end) as uploaded_count,
        total(case when outcome = 'probably signed' then alike.delivery_count else 0 end) as probably_signed_count,
        total(case when outcome = 'partly signed' then alike.delivery_count else 0 end) as partly_signed_count,
        total(case when outcome = 'paper' then alike.delivery_count else 0 end) as paper_count,
        total(case when outcome = 'recalled' then alike.delivery_count else 0 end) as recalled_count,
        total(case when outcome = 'not signed' then alike.delivery_count else 0 end) as open_count
    from alike
    group by segment
)
select
    segment,                                                        -- The value of split_by; null for the total, and for returns without a value.
    delivery_count,                                                 -- All deliveries, including recalled ones.
    signed_count,                                                   -- The log proves a signature.
    percent(signed_count, delivery_count) as signed_percent,        -- signed_count of delivery_count.
    esigned_count,                                                  -- Signed, and the log or a web hook shows the e-signature.
    picked_up_count,                                                -- Signed, as the firm's download of the signed forms implies.
    uploaded_count,                                                 -- Signed by hand: the client uploaded the signed forms.
    probably_signed_count,                                          -- All required identity checks passed, but no better evidence of a signature.
    percent(probably_signed_count, delivery_count) as probably_signed_percent, -- probably_signed_count of delivery_count.
    partly_signed_count,                                            -- Joint, and only one signer has acted.
    percent(partly_signed_count, delivery_count) as partly_signed_percent, -- partly_signed_count of delivery_count.
    paper_count,                                                    -- The client prints, signs and mails.
    percent(paper_count, delivery_count) as paper_percent,          -- paper_count of delivery_count.
    recalled_count,                                                 -- The firm recalled it, signed or not.
    percent(recalled_count, delivery_count) as recalled_percent,    -- recalled_count of delivery_count.
    open_count,                                                     -- None of the other outcomes yet.
    percent(open_count, delivery_count) as open_percent             -- open_count of delivery_count.
from counted
order by segment nulls last
