-- What must be done next about a return: one row per next step, the most urgent first.
--
-- key: next_step
-- check: limit_days is null or limit_days > 0
-- check: owner in ('firm', 'client', 'nobody')
create table ref.next_steps (
    rank integer,       -- The order of urgency: of several steps that apply, the smallest counts.
    next_step varchar,  -- Our name for the step.
    owner varchar,      -- Who must act: firm, client or nobody.
    title varchar,      -- The step as an instruction.
    meaning varchar,    -- When it applies, in a sentence.
    limit_days double   -- The usual limit of waiting, for a step whose waits are too rare in a log to learn one; null for none.
)
