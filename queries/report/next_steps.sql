-- How many returns wait for which next step, and whose move it is. One row per next step that somebody has, in the order
-- of urgency.
--
-- key: next_step
-- filters: firms, offices, partners, types, years
-- access: counts
select
    steps.next_step,
    steps.owner as next_step_owner, -- Whose move it is: firm, client or nobody.
    steps.title,
    steps.meaning,
    count(*) as return_count        -- Returns whose next step it is.
from mart.returns as returns
join ref.next_steps as steps using (next_step)
where asked_for(returns, for_firms, for_offices, for_partners, for_types, for_years)
group by steps.rank, steps.next_step, steps.owner, steps.title, steps.meaning
order by steps.rank
