-- The labels of the logs as their records have them: one row per tab, pattern and status.
--
-- key: label_no
create table raw.label_texts (
    label_no integer,       -- The number of the tab, pattern and status, as raw.label_texts gives it.
    tab varchar,            -- Client (what the client did) or Internal (what the firm did): where the platform shows it.
    pattern varchar,        -- The tidied label with "..." in place of text in quotes.
    logged_status varchar   -- The status as logged in its own column; an empty text if there is none.
)
