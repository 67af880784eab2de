-- The logged records behind the events of a return, with the file and record number of each, for an auditor to check the
-- facts against. One row per event.
--
-- key: firm_id, return_id, event_no
-- filters: firms, offices, partners, types, years
-- param: for_return = null  Only this return; all if not given.
select
    events.firm_id,
    events.return_id,
    events.event_no,
    events.cycle_no,
    events.event_at,
    events.tab,
    events.code,
    codes.title,
    events.is_repeat,
    logged.label as logged_label,       -- The label exactly as logged, SSNs and ITINs replaced by [TIN].
    logged.status as logged_status,     -- The sub-status exactly as logged, where the export has a column for it.
    logged.event_time as logged_time,   -- The time exactly as logged.
    logged.time_note,
    logged.actor,
    logged.recipient_email,
    logged.ip_address,
    logged.source_event_id,
    logged.detail,
    logged.extra,
    files.file_name,
    files.file_id,
    logged.row_no,
    logged.occurrence_no,
    logged.row_hash
from model.events as events
join mart.returns as returns using (firm_id, return_id)
join raw.events as logged using (file_id, row_no, event_at)
join raw.files as files using (file_id)
left join ref.codes as codes using (code)
where passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
    and (for_return is null or events.return_id = for_return)
    and (for_return is null or returns.return_id = for_return)
    and (for_return is null or logged.return_id = for_return)
order by events.firm_id, events.return_id, events.event_no
