-- Link clicks, access, failed logins, locks and reminders of a delivery. One row per delivery with any of these.
--
-- key: return_key, cycle_no
-- by: return
with firsts as (
    select
        return_key,
        cycle_no,
        min(event_at) filter (where code = 'link_selected') as link_selected_at,
        min(event_at) filter (where code = 'return_accessed') as accessed_at,
        max(event_no) filter (where code = 'return_accessed') as accessed_event_no,
        max(event_at) filter (where code = 'return_accessed') as last_accessed_at,
        count(*) filter (where code = 'authentication_failed') as authentication_failures,
        min(event_at) filter (where code = 'access_locked') as locked_at,
        count(*) filter (where code = 'signing_reminder_sent') as reminders_sent,
        max(event_at) filter (where code = 'signing_reminder_sent') as last_reminder_at
    from model.delivery_acts
    group by return_key, cycle_no
),
locks as (
    select
        acts.return_key,
        acts.cycle_no,
        min(acts.event_at) as locked_since_at
    from model.delivery_acts as acts
    join firsts using (return_key, cycle_no)
    where acts.code = 'access_locked' and acts.event_no > coalesce(firsts.accessed_event_no, 0)
    group by acts.return_key, acts.cycle_no
)
select
    firsts.return_key,
    firsts.cycle_no,
    firsts.link_selected_at,    -- When the link was first clicked (UTC), perhaps by a mail scanner; a click is not access.
    firsts.accessed_at,         -- When the client first got past the access code (UTC); an opened email is not access.
    firsts.last_accessed_at,    -- When the client last got past it (UTC).
    firsts.authentication_failures, -- Wrong entries of SSN digits or access codes.
    firsts.locked_at,           -- The first lock after three wrong entries (UTC), even if it was unlocked later.
    locks.locked_since_at,      -- The first lock after the last access (UTC); null if there is none.
    firsts.reminders_sent,      -- Signing reminders by email; reminders by text message are not logged.
    firsts.last_reminder_at     -- The last signing reminder by email (UTC).
from firsts
left join locks using (return_key, cycle_no)
