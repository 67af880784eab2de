-- What the terms on screen mean: one row per step of the funnel, stage inside the firm, next step and event code.
--
-- key: kind, name
-- access: everyone
with defined as (
    select 1 as kind_no, 'step' as kind, step_no as place, step as name, title, meaning from ref.steps
    union all
    select 2 as kind_no, 'stage' as kind, stage_no as place, stage as name, title, meaning from ref.stages
    union all
    select 3 as kind_no, 'next step' as kind, rank as place, next_step as name, title, meaning from ref.next_steps
    union all
    select 4 as kind_no, 'event' as kind, rank as place, code as name, title, meaning from ref.codes
)
select
    kind,       -- step, stage, next step or event.
    place,      -- The order within its kind, smallest first.
    name,       -- The name in tables.
    title,      -- The name on screen.
    meaning     -- What it means, in a sentence.
from defined
order by kind_no, place, name
