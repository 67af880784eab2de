-- Spellings of forms, each with the one spelling used in tables. Upper and lower case are equal. One row per spelling.
--
-- key: spelling
create table ref.forms (
    spelling varchar,    -- The form as written in exports.
    return_type varchar  -- The form as written in all tables.
)
