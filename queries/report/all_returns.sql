-- Every return with its three states: the client's access, the firm's handling, the signature. One row per return.
--
-- key: firm_id, return_id
-- filters: firms, offices, partners, types, years
-- param: for_signatures = null  Only these signature states; all if not given.
-- param: open_only = false  Leaves out archived and deleted returns.
-- param: delivered_only = false  Leaves out returns that are not delivered in their current cycle.
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    returns.access_state,
    returns.handling_state,
    returns.signature_state,
    returns.signed_basis,
    returns.signed_earlier_at,
    returns.next_step,
    steps.title as next_step_title,     -- The next step, as an instruction.
    returns.next_step_owner,
    in_days(seconds_between(returns.waiting_since, build.as_of)) as waiting_days, -- Since the next step became due; null for none.
    returns.why,
    returns.cycle_no,
    returns.delivered_at,
    returns.last_event_at
from mart.returns as returns
join ref.next_steps as steps using (next_step)
cross join raw.build as build
where passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
    and among(returns.signature_state, for_signatures)
    and (not open_only or returns.handling_state not in ('archived', 'deleted'))
    and (not delivered_only or returns.delivered_at is not null)
order by returns.client_name nulls last, returns.tax_year desc nulls last, returns.firm_id, returns.return_id
