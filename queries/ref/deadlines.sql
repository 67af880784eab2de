-- When forms are due, for filers whose year is the calendar year, and the holidays that move a due date.
--
-- key: kind, name
-- check: kind in ('form', 'holiday')
-- check: kind <> 'form' or try_cast('2024-' || due as date) is not null
-- check: extended is null or try_cast('2024-' || extended as date) is not null
-- check: kind <> 'holiday' or try_cast(name as date) is not null
create table ref.deadlines (
    kind varchar,      -- form: a row for a form. holiday: a day that is no business day.
    name varchar,      -- The form, as in ref.forms; of a holiday its date, as 2027-04-16.
    due varchar,       -- Month and day of the year after the tax year, as 04-15; null for a holiday.
    extended varchar,  -- The same with an extension; null for a holiday.
    note varchar       -- Who files the form, or what the holiday is called.
)
