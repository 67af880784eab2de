-- The due dates of forms for calendar-year filers, and the holidays that move them. One row per form or holiday.
--
-- key: kind, name
-- check: kind in ('form', 'holiday')
-- check: kind <> 'form' or try_cast('2024-' || due as date) is not null
-- check: extended is null or try_cast('2024-' || extended as date) is not null
-- check: kind <> 'holiday' or try_cast(name as date) is not null
create table ref.deadlines (
    kind varchar,      -- form, or holiday: a day that is not a business day.
    name varchar,      -- The form, as in ref.forms; for a holiday its date, such as 2027-04-16.
    due varchar,       -- Month and day in the year after the tax year, such as 04-15; null for a holiday.
    extended varchar,  -- The same with an extension; null for a holiday.
    note varchar       -- Who files the form, or the name of the holiday.
)
