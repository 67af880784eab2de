-- Every return that needs action: what, by whom, since when and why. One row per return: what the firm must do first, then
-- what is overdue, then by the urgency of the step and the longest wait.
--
-- key: firm_id, return_id
-- check: next_step_owner in ('firm', 'client')
-- filters: firms, offices, partners, types, years
-- param: for_steps = null  Only these next steps, names in ref.next_steps; all if not given.
-- param: for_owner = null  firm or client: only what this one must do; all if not given.
-- param: overdue_only = false  Only returns that have waited longer than the limit of their step.
-- param: min_wait_days = null  Leaves out returns that have waited fewer than this many days; none if not given.
-- every: day
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    returns.next_step,
    steps.title as next_step_title,     -- The next step, as an instruction.
    returns.next_step_owner,
    in_days(seconds_between(returns.waiting_since, build.as_of)) as waiting_days, -- Since the next step became due.
    in_days(limits.limit_seconds) as limit_days, -- The limit of waiting in this step, of mart.wait_limits; null where there is none.
    limits.limit_basis,                 -- settings ([aging]), last season or usual; null where there is no limit.
    is_overdue(limits, build.as_of) as is_overdue, -- It has waited longer than the limit.
    returns.waiting_since,
    returns.why,
    returns.access_state,
    returns.handling_state,
    returns.signature_state,
    returns.signed_earlier_at,
    returns.cycle_no,
    returns.taxpayer_email,
    returns.spouse_email
from mart.returns as returns
join ref.next_steps as steps using (next_step)
cross join raw.build as build
left join mart.return_limits as limits using (firm_id, return_id)
where returns.next_step_owner <> 'nobody'
    and (for_owner is null or all_known([for_owner], ['firm', 'client']) and returns.next_step_owner = for_owner)
    and (not overdue_only or is_overdue(limits, build.as_of))
    and passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
    and among(returns.next_step, for_steps)
    and (select all_known(for_steps, list(known.next_step order by known.rank)) from ref.next_steps as known)
    and (
        min_wait_days is null
        or returns.waiting_since <= build.as_of - to_days(cast(min_wait_days as integer))
    )
order by
    case returns.next_step_owner when 'firm' then 1 else 2 end,
    is_overdue(limits, build.as_of) desc,
    steps.rank,
    returns.waiting_since nulls last,
    returns.firm_id,
    returns.return_id
