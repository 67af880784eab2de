-- The work of each partner: what waits on the firm, for how long, and how many of the delivered returns are signed. One row per
-- partner, most waiting returns first; archived and deleted returns are left out.
--
-- filters: firms, offices, partners, types, years
-- param: split_by = 'partner'  partner or office.
-- access: counts
with open_returns as (
    select
        segment_of(returns, null, null, split_by) as segment,
        returns.next_step_owner = 'firm' as waits,
        returns.waiting_since, returns.delivered_at, returns.signature_state, limits.limit_seconds
    from mart.returns as returns
    left join mart.return_limits as limits using (firm_id, return_id)
    where returns.handling_state not in ('archived', 'deleted')
        and passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
)
select
    open_returns.segment,       -- The partner; null for returns without one.
    count(*) as return_count,   -- Returns that are neither archived nor deleted.
    count(*) filter (where open_returns.waits) as waiting_count, -- Those that wait on the firm.
    count(*) filter (
        where open_returns.waits and open_returns.waiting_since <= build.as_of - interval '3' day
    ) as long_wait_count,       -- Those of them that have waited more than 3 days.
    count(*) filter (
        where open_returns.waits and is_overdue(open_returns, build.as_of)
    ) as overdue_count,         -- Those of them that have waited longer than the limit of their step.
    count(open_returns.delivered_at) as delivered_count, -- Returns delivered in their current cycle.
    count(*) filter (where open_returns.signature_state = 'signed') as signed_count, -- Those of them with a proven signature.
    percent(
        count(*) filter (where open_returns.signature_state = 'signed'), count(open_returns.delivered_at)
    ) as signed_percent         -- signed_count of delivered_count.
from open_returns
cross join raw.build as build
group by open_returns.segment
order by waiting_count desc, open_returns.segment nulls last
