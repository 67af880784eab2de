-- Which label has which code: one row per label, tab and status. A firm adds the labels of its own exports.
--
-- check: tab in ('Client', 'Internal')
-- check: recipient is null or recipient in ('taxpayer', 'spouse', 'cc', 'k1_partner')
-- check: code is not null
create table ref.labels (
    tab varchar,        -- Client or Internal; the same label on the other tab is another event.
    recipient varchar,  -- Whom the label names: taxpayer, spouse, cc or k1_partner; null for nobody.
    label varchar,      -- The label in the platform's glossary; the text in quotes varies from event to event.
    status varchar,     -- The sub-status that the row is for; empty for any.
    code varchar,       -- Our name for the event, a row of ref.codes.
    note varchar,       -- What the label proves, and what it does not.
    pattern varchar     -- The tidied label, with "..." for text in quotes; made by the build.
)
