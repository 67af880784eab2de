-- The emails behind a number of email_health, as many as it counts. One row per email, the newest first.
--
-- key: firm_id, return_id, message_no
-- param: since = null  First day of processing; no limit if not given.
-- param: until = null  Last day of processing, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  The split of the number: office, partner, return_type, tax_year, week, month or mail_domain.
-- param: for_segment = null  The segment of the number; with a split, null is that of the emails without a value.
-- param: for_kinds = null  initial, access_code or cc; all if not given.
-- param: for_states = null  unconfirmed, processed, delivered, opened or bounced; all if not given.
select
    messages.return_id,
    returns.client_name,
    messages.return_type,
    messages.office,
    messages.partner,
    returns.due_date,
    messages.firm_id,
    messages.tax_year,
    messages.message_no,
    messages.kind,
    messages.recipient,
    messages.recipient_email,
    messages.processed_at,
    messages.state,
    messages.bounced_at,
    messages.bounce_cleared_at
from mart.messages as messages
join mart.returns as returns using (firm_id, return_id)
where messages.processed_at is not null
    and passes_filters(messages, for_firms, for_offices, for_partners, for_types, for_years)
    and during(messages.processed_on, since, until)
    and case
        when split_by = 'mail_domain' then messages.mail_domain
        else segment_of(messages, messages.processed_week, messages.processed_month, split_by)
    end is not distinct from cast(for_segment as varchar)
    and among(messages.kind, for_kinds)
    and among(messages.state, for_states)
    and all_known(for_states, ['unconfirmed', 'processed', 'delivered', 'opened', 'bounced'])
    and all_known(for_kinds, ['initial', 'access_code', 'cc'])
order by messages.processed_at desc, messages.firm_id, messages.return_id, messages.message_no
