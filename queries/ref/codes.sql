-- The codes of events: one row per code, with who acts, the step or stage it reaches, and its order among events of the
-- same time.
--
-- key: code
-- check: acts in ('client', 'firm', 'platform')
-- check: rank is not null
-- check: is_milestone in (true, false)
-- check: is_problem in (true, false)
create table ref.codes (
    code varchar,     -- Our name for a label and status.
    acts varchar,     -- Who acts: client, firm or platform.
    step varchar,     -- The funnel step that the event reaches, a row of ref.steps; null for none.
    stage varchar,    -- The firm's stage that the event enters, a row of ref.stages; null for none.
    rank integer,     -- The order among events of the same time, smallest first.
    title varchar,    -- The code as text on screen.
    meaning varchar,  -- What the event means, in a sentence.
    is_milestone boolean, -- The client or the firm has completed a step; bold in a timeline.
    is_problem boolean    -- Something failed or was undone; marked as a problem in a timeline.
)
