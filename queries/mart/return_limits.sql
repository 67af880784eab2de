-- The limit of waiting of each return that waits: of its next step, form, firm and tax year. One row per return.
--
-- key: firm_id, return_id
-- view: so that a build need not write a row for each return.
select
    returns.firm_id,
    returns.return_id,
    returns.waiting_since,
    limits.limit_seconds, -- After how many seconds of waiting it is overdue; null for a step without a limit.
    limits.limit_basis    -- settings, last season or usual, as in mart.wait_limits; null likewise.
from mart.returns as returns
left join mart.wait_limits as limits
    on limits.firm_id = returns.firm_id
    and limits.tax_year = coalesce(returns.tax_year, 0)
    and limits.return_type = coalesce(returns.return_type, '')
    and limits.next_step = returns.next_step
where returns.next_step_owner <> 'nobody'
