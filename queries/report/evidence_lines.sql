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
    coalesce(logged.label, events.label) as logged_label, -- The label exactly as logged, SSNs and ITINs replaced by [TIN];
                                        -- of an e-signature in a web hook, our words for it.
    logged.status as logged_status,     -- The sub-status exactly as logged, where the export has a column for it.
    logged.event_time as logged_time,   -- The time exactly as logged; null for an e-signature in a web hook.
    logged.time_note,
    logged.actor,
    coalesce(logged.recipient_email, hooks.signer_email) as recipient_email, -- The address that an email went to, or of a signer.
    logged.ip_address,
    logged.source_event_id,
    logged.detail,
    coalesce(logged.extra, hooks.extra) as extra, -- Unmapped columns and attributes that could not be read, as JSON; null for none.
    files.file_name,
    files.file_id,
    events.row_no,
    logged.occurrence_no,
    logged.row_hash
from model.events as events
join mart.returns as returns using (firm_id, return_id)
left join raw.events as logged using (file_id, row_no, event_at)
left join raw.webhook as hooks
    on hooks.file_id = events.file_id
    and hooks.row_no = events.row_no
    and logged.label is null
join raw.files as files using (file_id)
left join ref.codes as codes using (code)
where passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
    and (for_return is null or events.return_id = for_return)
    and (for_return is null or returns.return_id = for_return)
    and (for_return is null or logged.return_id = for_return or logged.return_id is null)
order by events.firm_id, events.return_id, events.event_no
