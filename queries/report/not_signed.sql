-- Returns that the client has accessed but not signed: remind the client to sign. One row per return, the longest wait
-- first.
--
-- key: firm_id, return_id
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
    deliveries.delivered_at,
    deliveries.accessed_at,
    deliveries.kba_expected,
    deliveries.reminders_sent,
    deliveries.last_reminder_at,
    work.taxpayer_email,
    work.spouse_email,
    work.waiting_days,
    work.why
from report.work_list(
    for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
    for_types := for_types, for_years := for_years,
    for_steps := ['remind_to_sign', 'sign_again'],
    min_wait_days := min_wait_days
) as work
join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
where deliveries.accessed_at is not null
order by work.waiting_since nulls last, work.firm_id, work.return_id
