-- Returns without a proven signature, by the days left until the due date: fewest days first, then least progress, then
-- client. One row per return; archived and deleted returns are left out.
--
-- key: firm_id, return_id
-- filters: firms, offices, partners, types, years
-- param: for_deadline = null  Only returns of this due date, such as 2026-04-15, or `past due`: of all earlier than today; all if not given.
-- param: still_open = null  not delivered, or not signed: delivered, and neither signed nor on paper; all if not given.
-- param: max_days_left = null  Leaves out returns with more days left, and those without a due date; none if not given.
-- every: week
with unsigned as (
    select
        returns.return_id, returns.client_name, returns.return_type, returns.office, returns.partner, returns.due_date,
        returns.firm_id, returns.tax_year, returns.due_basis, returns.access_state, returns.handling_state,
        returns.signature_state, returns.next_step, returns.furthest_step_no,
        returns.taxpayer_email, returns.spouse_email,
        returns.due_date - date_in(build.timezone, build.as_of) as days_left
    from mart.returns as returns
    cross join raw.build as build
    where returns.signature_state <> 'signed'
        and returns.handling_state not in ('archived', 'deleted')
        and passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
)
select
    unsigned.return_id,
    unsigned.client_name,
    unsigned.return_type,
    unsigned.office,
    unsigned.partner,
    unsigned.due_date,
    unsigned.firm_id,
    unsigned.tax_year,
    unsigned.due_basis,
    unsigned.days_left,                 -- Days from as_of to the due date, in the firm's time zone; negative once overdue, null without a due date.
    steps.step,                         -- The furthest step that the client has reached; null while not delivered.
    unsigned.handling_state,
    unsigned.access_state,
    unsigned.signature_state,           -- not delivered, not signed, partly signed, probably signed or paper.
    next_steps.title as next_step_title, -- What to do next, as an instruction.
    unsigned.taxpayer_email,
    unsigned.spouse_email
from unsigned
left join ref.steps as steps on steps.step_no = unsigned.furthest_step_no
join ref.next_steps as next_steps using (next_step)
where (max_days_left is null or unsigned.days_left <= max_days_left)
    and (for_deadline is null or deadline_of(unsigned.due_date, unsigned.days_left) = for_deadline)
    and (
        still_open is null
        or all_known([still_open], ['not delivered', 'not signed'])
        and case
            when still_open = 'not delivered' then unsigned.signature_state = 'not delivered'
            else unsigned.signature_state not in ('not delivered', 'paper')
        end
    )
order by
    unsigned.days_left nulls last,
    steps.step_no nulls first,
    unsigned.client_name nulls last,
    unsigned.firm_id,
    unsigned.return_id
