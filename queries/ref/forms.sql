-- Spellings of forms, each with the one spelling that tables use; compared without case.
--
-- key: spelling
create table ref.forms (
    spelling varchar,    -- A form as exports write it.
    return_type varchar  -- The form as all tables write it.
)
