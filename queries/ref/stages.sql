-- The stages inside the firm where a return waits. One row per stage.
--
-- key: stage
create table ref.stages (
    stage_no integer,        -- The usual order of the stages, from 1.
    stage varchar,           -- The name in tables.
    handling_state varchar,  -- The handling state of a return that waits there.
    next_step varchar,       -- The next step of a return that waits there, a row of ref.next_steps.
    title varchar,           -- The stage as a heading.
    meaning varchar          -- What puts a return there, in a sentence.
)
