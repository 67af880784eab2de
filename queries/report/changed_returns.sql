-- What has changed since the working day before: returns that now wait on the firm and did not, that wait for another step of
-- the firm, that no longer wait on the firm, and that have become overdue. One row per return and change.
--
-- key: firm_id, return_id, change
-- check: change in ('new', 'moved on', 'cleared', 'overdue')
-- filters: firms, offices, partners, types, years
-- param: for_change = null  new, moved on, cleared or overdue; all if not given.
with asked as (
    select
        returns.firm_id, returns.return_id, returns.tax_year, returns.return_type, returns.next_step,
        returns.next_step_owner, returns.waiting_since
    from mart.returns as returns
    where passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
),
changed as (
    select
        asked.firm_id,
        asked.return_id,
        case
            when asked.next_step_owner = 'firm' and before.next_step_owner = 'firm' then 'moved on'
            when asked.next_step_owner = 'firm' then 'new'
            else 'cleared'
        end as change,
        before.next_step as step_before,
        before.changed_by
    from raw.returns_before as before
    join asked using (firm_id, return_id)
    where 'firm' in (asked.next_step_owner, before.next_step_owner)
        and before.next_step is distinct from asked.next_step
    union all
    select asked.firm_id, asked.return_id, 'overdue' as change, asked.next_step as step_before, null as changed_by
    from asked
    join mart.return_limits as limits using (firm_id, return_id)
    cross join raw.build as build
    where asked.next_step_owner = 'firm'
        and is_overdue(limits, build.as_of)
        and not is_overdue(limits, build.before_at)
)
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    changed.change,                 -- new, moved on, cleared or overdue.
    steps_before.title as title_before, -- The next step then, as an instruction; null for a return that was not logged yet.
    steps.title as next_step_title, -- The next step now, as an instruction.
    returns.next_step_owner,
    changed.changed_by,             -- Who of the firm has acted last since then, as logged; null if only the client has, or time.
    returns.waiting_since,
    returns.why
from changed
join mart.returns as returns using (firm_id, return_id)
join ref.next_steps as steps using (next_step)
left join ref.next_steps as steps_before on steps_before.next_step = changed.step_before
where for_change is null
    or all_known([for_change], ['new', 'moved on', 'cleared', 'overdue']) and changed.change = for_change
order by
    case changed.change when 'new' then 1 when 'overdue' then 2 when 'moved on' then 3 else 4 end,
    steps.rank,
    returns.waiting_since nulls last,
    returns.firm_id,
    returns.return_id
