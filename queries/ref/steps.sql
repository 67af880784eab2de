-- The steps of the client funnel, in their order.
--
-- key: step_no
create table ref.steps (
    step_no integer,   -- The place in the funnel, from 1.
    step varchar,      -- The word that reports use for it.
    title varchar,     -- The step as a heading.
    eligible varchar,  -- The deliveries it applies to: every delivery, or KBA expected.
    meaning varchar    -- What it takes to reach it, in a sentence.
)
