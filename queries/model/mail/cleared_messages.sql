-- Bounced and unconfirmed emails that are resolved: a later email of the same kind to the same recipient arrived, or that
-- recipient accessed the return, in the same delivery. One row per such email.
--
-- key: firm_id, return_id, message_no
with troubled as (
    select firm_id, return_id, cycle_no, message_no, kind, recipient, bounced_at, state, trouble_event_no
    from model.message_states
    where trouble_event_no is not null
),
clearings as (
    select
        troubled.firm_id,
        troubled.return_id,
        troubled.message_no,
        least(later.delivered_at, later.opened_at) as cleared_at
    from troubled
    join model.message_states as later using (firm_id, return_id, cycle_no, kind)
    where coalesce(later.recipient, '') = coalesce(troubled.recipient, '')
        and later.message_no > troubled.message_no
        and later.state in ('delivered', 'opened')
    union all
    select
        troubled.firm_id,
        troubled.return_id,
        troubled.message_no,
        acts.event_at as cleared_at
    from troubled
    join model.delivery_acts as acts using (firm_id, return_id, cycle_no)
    where acts.signer = troubled.recipient
        and acts.event_no > troubled.trouble_event_no
        and acts.code = 'return_accessed'
)
select
    troubled.firm_id,
    troubled.return_id,
    troubled.message_no,
    -- A bounce that is logged after the email or access that resolves it is resolved at once.
    greatest(min(clearings.cleared_at), max(troubled.bounced_at)) as cleared_at -- When it was resolved (UTC).
from troubled
join clearings using (firm_id, return_id, message_no)
group by troubled.firm_id, troubled.return_id, troubled.message_no
