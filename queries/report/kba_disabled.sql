-- Deliveries of 1040s that were sent without identity questions (KBA): exceptions to review, which an in-person signature
-- may justify. One row per delivery, the newest first.
--
-- key: firm_id, return_id, cycle_no
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- every: month
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
    deliveries.delivered_by,
    deliveries.signature_state,
    deliveries.signed_at,
    deliveries.signed_basis,
    deliveries.recalled_at
from mart.deliveries as deliveries
where deliveries.return_type like '1040%'
    and not deliveries.kba_expected
    and passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
    and during(deliveries.delivered_on, since, until)
order by deliveries.delivered_at desc, deliveries.firm_id, deliveries.return_id, deliveries.cycle_no
