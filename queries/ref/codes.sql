-- Our names for events: one row per code, with who acts, where it leads and how it is ordered within a moment.
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
    rank integer,     -- The order among events of the same moment, smallest first.
    title varchar,    -- The code as a person reads it.
    meaning varchar,  -- What the event says, in a sentence.
    is_milestone boolean, -- The client or the firm has reached a further step; shown in bold in a timeline.
    is_problem boolean    -- Something went wrong or back; shown as a problem in a timeline.
)
