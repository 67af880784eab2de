-- What the IRS wants recorded of a signature on Form 8879: one row per fact. Each names its source, docs/methods.md says
-- which editions those are, and whether a firm meets it no table here says. A fact that a firm adds is `not in source`.
--
-- key: fact
-- check: fact_no is not null
-- check: source is not null
create table ref.evidence (
    fact_no integer,  -- The order of the facts, from 1.
    fact varchar,     -- Our name for the fact, a column of report.signature_evidence.
    title varchar,    -- The fact as a person reads it.
    source varchar,   -- Where it is asked for, with the edition; as summarised: others say so of it.
    meaning varchar   -- What the log can show of it, and what it cannot.
)
