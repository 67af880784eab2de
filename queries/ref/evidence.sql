-- What IRS guidance wants recorded of a signature on Form 8879: one row per fact. Each row names its source; the editions
-- are in docs/methods.md. No table here says whether a firm complies. A fact that a firm adds is `not in source`.
--
-- key: fact
-- check: fact_no is not null
-- check: source is not null
create table ref.evidence (
    fact_no integer,  -- The order of the facts, from 1.
    fact varchar,     -- Our name for the fact, a column of report.signature_evidence.
    title varchar,    -- The fact, as a heading.
    source varchar,   -- The guidance that asks for it, with its edition; as summarized: known from summaries by others.
    meaning varchar   -- What the log can show of it, and what it cannot.
)
