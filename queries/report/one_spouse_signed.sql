-- Joint returns where only one signer has acted: remind the other. One row per return, the longest wait first.
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
    acted.signer as acted_signer,       -- Who has acted: taxpayer or spouse; null where the log does not say.
    case acted.signer
        when 'taxpayer' then 'spouse'
        when 'spouse' then 'taxpayer'
    end as missing_signer,              -- Whom to remind; null where the log does not say who has acted.
    deliveries.signature_state_at as acted_at, -- The first act of a signer (UTC).
    deliveries.reminders_sent,
    deliveries.last_reminder_at,
    work.taxpayer_email,
    work.spouse_email,
    work.waiting_days,
    work.why
from report.work_list(
    for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
    for_types := for_types, for_years := for_years,
    for_steps := ['remind_second_signer'],
    min_wait_days := min_wait_days
) as work
join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
left join mart.signers as acted
    on acted.firm_id = work.firm_id
    and acted.return_id = work.return_id
    and acted.cycle_no = work.cycle_no
    and (acted.kba_passed_at is not null or acted.esigned_at is not null)
order by work.waiting_since nulls last, work.firm_id, work.return_id
