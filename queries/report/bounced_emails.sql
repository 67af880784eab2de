-- Initial emails to signers that bounced, where no later email or access shows that the client can be reached: correct the
-- address and resend. One row per email, the longest wait first.
--
-- key: firm_id, return_id, message_no
-- filters: firms, offices, partners, types, years
-- param: min_wait_days = null  Leaves out returns that have waited fewer than this many days; none if not given.
-- every: day
select
    work.return_id,
    work.client_name,
    work.return_type,
    work.office,
    work.partner,
    work.due_date,
    work.firm_id,
    work.tax_year,
    messages.message_no,
    messages.recipient,
    messages.recipient_email,
    messages.processed_at,
    messages.bounced_at,
    work.waiting_days,
    work.why
from report.work_list(
    for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
    for_types := for_types, for_years := for_years,
    for_steps := ['fix_email'],
    min_wait_days := min_wait_days
) as work
join mart.messages as messages using (firm_id, return_id, cycle_no)
where messages.kind = 'initial'
    and messages.state = 'bounced'
    and messages.bounce_cleared_at is null
order by work.waiting_since nulls last, work.firm_id, work.return_id, messages.message_no
