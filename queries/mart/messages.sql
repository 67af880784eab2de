-- Every email to a client, and whether it arrived. One row per message.
--
-- key: firm_id, return_id, message_no
-- by: return
-- check: state in ('unconfirmed', 'processed', 'delivered', 'opened', 'bounced')
-- check: bounce_cleared_at is null or (state = 'bounced' and bounce_cleared_at >= bounced_at)
-- check: unconfirmed_cleared_at is null or state = 'unconfirmed'
select
    attributes.firm_id,
    attributes.return_id,
    messages.message_no,
    messages.cycle_no,
    messages.kind,
    messages.recipient,
    messages.recipient_email,
    lowered(
        nullif(split_part(messages.recipient_email, '@', 2), '')
    ) as mail_domain,               -- The part of the address after the @, in lower case.
    messages.processed_at,
    messages.processed_on,
    week_of(messages.processed_on) as processed_week, -- The Monday of that week as text: 2026-03-02.
    month_of(messages.processed_on) as processed_month, -- The month of it as text: 2026-03.
    messages.delivered_at,
    messages.opened_at,
    messages.bounced_at,
    messages.state,
    case
        when messages.state = 'bounced' then messages.cleared_at
    end as bounce_cleared_at,       -- When it was resolved (UTC): a later email reached that recipient, or they accessed the return.
    case
        when messages.state = 'unconfirmed' then messages.cleared_at
    end as unconfirmed_cleared_at,  -- The same for an email without delivery confirmation (UTC).
    attributes.office,
    attributes.partner,
    attributes.return_type,
    attributes.tax_year
from model.message_states as messages
join model.attributes as attributes using (return_key)
