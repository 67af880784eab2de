-- Everything that happened to a return, on both tabs, in order. One row per event; copies that the other tab shows too are
-- marked and not counted.
--
-- key: firm_id, return_id, event_no
-- filters: firms
-- param: for_return = null  The return; all if not given.
select
    timeline.firm_id,
    timeline.return_id,
    timeline.event_no,
    timeline.cycle_no,
    timeline.event_at,
    timeline.event_on,
    timeline.tab,
    timeline.code,
    timeline.title,
    timeline.acts,
    timeline.label,
    timeline.status,
    timeline.recipient,
    timeline.subject,
    timeline.actor,
    timeline.wait_seconds,
    timeline.is_repeat,
    logged.label as logged_label,   -- The label exactly as logged, SSNs and ITINs replaced by [TIN].
    logged.event_time as logged_time, -- The time exactly as logged.
    files.file_name,
    timeline.row_no,
    timeline.is_milestone,
    timeline.is_problem
from model.timeline as timeline
-- File and record number identify the record; the time and the return only make the search faster.
join raw.events as logged using (file_id, row_no, event_at)
join raw.files as files using (file_id)
where among(timeline.firm_id, for_firms)
    and (for_return is null or timeline.return_id = for_return)
    and (for_return is null or logged.return_id = for_return)
order by timeline.firm_id, timeline.return_id, timeline.event_no
