-- The places inside the firm where a return waits.
--
-- key: stage
create table ref.stages (
    stage_no integer,        -- The usual order of the stages, from 1.
    stage varchar,           -- The word that tables use for it.
    handling_state varchar,  -- The handling state of a return that waits there.
    next_step varchar,       -- What the firm does with a return that waits there, a row of ref.next_steps.
    title varchar,           -- The stage as a heading.
    meaning varchar          -- What puts a return there, in a sentence.
)
