-- What IRS guidance on Forms 8878 and 8879 and Publication 1345 want recorded of a signature: one row per fact. Each names
-- its source; whether a firm meets it no table here says. A fact that a firm adds is `not in source`.
--
-- key: fact
-- check: fact_no is not null
-- check: source is not null
create table ref.evidence (
    fact_no integer,  -- The order of the facts, from 1.
    fact varchar,     -- Our name for the fact, a column of report.signature_evidence.
    title varchar,    -- The fact as a person reads it.
    source varchar,   -- Where it is asked for. The guidance is the IRS page of 2014-11-06 on Forms 8878 and 8879.
    meaning varchar   -- What the log can show of it, and what it cannot.
)
