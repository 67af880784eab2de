-- How many returns wait for each next step, and who must act. One row per next step that a return has, the most urgent
-- first.
--
-- key: next_step
-- filters: firms, offices, partners, types, years
-- access: counts
select
    steps.next_step,
    steps.owner as next_step_owner, -- Who must act: firm, client or nobody.
    steps.title,
    steps.meaning,
    count(*) as return_count        -- Returns with this next step.
from mart.returns as returns
join ref.next_steps as steps using (next_step)
where passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
group by steps.rank, steps.next_step, steps.owner, steps.title, steps.meaning
order by steps.rank
