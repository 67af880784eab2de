-- What is still open at each deadline: returns that are not delivered, and delivered ones that are not signed. One row per due
-- date from today on, and one for all that are past due; archived and deleted returns, and those on paper, are left out.
--
-- key: deadline
-- filters: firms, offices, partners, types, years
-- access: counts
with due as (
    select deadline_of(risk.due_date, risk.days_left) as deadline, risk.due_date, risk.days_left, risk.signature_state
    from unsorted.deadline_risk(
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    ) as risk
    where risk.due_date is not null and risk.signature_state <> 'paper'
)
select
    deadline,                    -- The due date, or `past due`.
    case when deadline <> 'past due' then any_value(due_date) end as due_date, -- Null for past due.
    case when deadline <> 'past due' then any_value(days_left) end as days_left, -- Days from as_of to it, in the firm's time zone; null for past due.
    count(*) filter (where signature_state = 'not delivered') as not_delivered_count, -- Not delivered in their current cycle.
    count(*) filter (where signature_state <> 'not delivered') as not_signed_count -- Delivered, and without a proven signature.
from due
group by deadline
order by due_date nulls first
