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
    access varchar       -- Of a report: counts (it names no client, so viewers may see it), everyone (it is of no office),
                         -- loading (for the data owner alone); null for managers, and staff within their offices.
)
