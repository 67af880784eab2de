-- What happened to a return, on both sides in one order. One row per event; copies that the other tab shows too are
-- marked and count nowhere.
--
-- key: firm_id, return_id, event_no
-- filters: firms
-- param: for_return = null  The return; all if not given.
with both_sides as (
    select
        firm_id, return_id, event_no, cycle_no, event_at, 'Client' as tab, code, title, label, status, recipient,
        subject, actor, wait_seconds, is_repeat, event_on, file_id, row_no
    from mart.client_timeline
    union all
    select
        firm_id, return_id, event_no, cycle_no, event_at, 'Internal' as tab, code, title, label, status, recipient,
        subject, actor, wait_seconds, is_repeat, event_on, file_id, row_no
    from mart.internal_timeline
)
select
    timeline.firm_id,
    timeline.return_id,
    timeline.event_no,
    timeline.cycle_no,
    timeline.event_at,
    timeline.event_on,
    timeline.tab,               -- Client or Internal, where the platform shows it.
    timeline.code,              -- Our name for the label and status; unclassified where no rule knows them.
    timeline.title,
    codes.acts,                 -- Who acts: client, firm or platform.
    timeline.label,             -- The event's words as logged, tidied, without the status.
    timeline.status,            -- The status, from its own column or the end of the label; null for none.
    timeline.recipient,         -- Whom the label names: taxpayer, spouse, cc or k1_partner; null where it names nobody.
    timeline.subject,
    timeline.actor,
    timeline.wait_seconds,
    timeline.is_repeat,
    logged.label as logged_label,   -- The label exactly as logged, SSNs and ITINs replaced by [TIN].
    logged.event_time as logged_time, -- The time exactly as logged.
    files.file_name,
    timeline.row_no
from both_sides as timeline
-- The record is known by its file and number; the moment and the return say where not to look for it.
join raw.events as logged
    on logged.file_id = timeline.file_id
    and logged.row_no = timeline.row_no
    and logged.event_at = timeline.event_at
    and (for_return is null or logged.return_id = for_return)
join raw.files as files on files.file_id = timeline.file_id
left join ref.codes as codes on codes.code = timeline.code
where among(timeline.firm_id, for_firms)
    and (for_return is null or timeline.return_id = for_return)
order by timeline.firm_id, timeline.return_id, timeline.event_no
