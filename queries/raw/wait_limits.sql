-- The limits of waiting that [aging] of the settings has: after how many days in a step a return is overdue. One row per step,
-- and per form where the settings name one.
--
-- check: limit_days > 0
create table raw.wait_limits (
    next_step varchar,   -- The step, a row of ref.next_steps.
    return_type varchar, -- The form as the settings name it; null for every form without a limit of its own.
    limit_days double    -- Days.
)
