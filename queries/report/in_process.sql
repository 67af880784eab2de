-- Returns that are still inside the firm: to finish, review, sign as ERO, approve, or reprocess after a recall. One row per
-- return, by the urgency of the step and the longest wait.
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
    returns.preparer,
    returns.ero_signer,
    work.handling_state,
    work.next_step,
    work.next_step_title,
    stays.entered_by,
    returns.uploaded_at,
    work.waiting_days,
    work.why
from report.work_list(
    for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
    for_types := for_types, for_years := for_years,
    for_steps := ['reprocess', 'review', 'ero_sign', 'approve', 'finish'],
    min_wait_days := min_wait_days
) as work
join mart.returns as returns using (firm_id, return_id)
join ref.next_steps as steps on steps.next_step = work.next_step
left join mart.stays as stays
    on stays.firm_id = work.firm_id
    and stays.return_id = work.return_id
    and stays.left_at is null
order by steps.rank, work.waiting_since nulls last, work.firm_id, work.return_id
