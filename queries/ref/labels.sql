-- The catalogue: which words of the log have which code. A firm adds the words that its own exports use.
--
-- check: tab in ('Client', 'Internal')
-- check: recipient is null or recipient in ('taxpayer', 'spouse', 'cc', 'k1_partner')
-- check: code is not null
create table ref.labels (
    tab varchar,        -- Client or Internal; the same words on the other tab are another event.
    recipient varchar,  -- Whom the label names: taxpayer, spouse, cc or k1_partner; null for nobody.
    label varchar,      -- The words of the platform's glossary; what stands in quotes varies from event to event.
    status varchar,     -- The sub-status that the row is for; a row without one is for any.
    code varchar,       -- Our name for the event, a row of ref.codes.
    note varchar,       -- What the words prove, and what they do not.
    pattern varchar     -- The label tidied, with "..." for what stands in quotes; made by the build.
)
