-- The steps of the client funnel, in order. One row per step.
--
-- key: step_no
create table ref.steps (
    step_no integer,   -- The order in the funnel, from 1.
    step varchar,      -- The name in reports.
    title varchar,     -- The step as a heading.
    eligible varchar,  -- The deliveries it applies to: every delivery, or KBA expected.
    meaning varchar    -- What it takes to reach it, in a sentence.
)
