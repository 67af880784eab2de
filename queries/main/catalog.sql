-- Everything in this file and what it means: one row per table, column, report and parameter.
--
-- key: name, part
create table main.catalog (
    kind varchar,        -- table, column, report, parameter, or result (a column that a report gives).
    name varchar,        -- The table or report, with its schema.
    part varchar,        -- The column or parameter; an empty text for the table or report itself.
    position integer,    -- The order among the columns or parameters, from 1; 0 for the table or report itself.
    type varchar,        -- The type of a column; the default of a parameter; of a report when it is written.
    meaning varchar,     -- What it means.
    is_key boolean,      -- True for a column of the key: no two rows are equal in all of these.
    access varchar       -- Who may see a report: counts (viewers too), everyone, loading (the data owner alone); null: managers and staff.
)
