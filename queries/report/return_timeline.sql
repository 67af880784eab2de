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
    -- A copy is not shown, so nothing is counted from it.
    case
        when timeline.is_repeat then timeline.wait_seconds
        else seconds_between(
            lag(timeline.event_at) over (
                partition by timeline.firm_id, timeline.return_id, timeline.tab, timeline.is_repeat order by timeline.event_no
            ),
            timeline.event_at
        )
    end as wait_seconds,            -- Since the event before on this tab that is no copy; of a copy, since any event before.
    seconds_between(
        lag(timeline.event_at) over (
            partition by timeline.firm_id, timeline.return_id, timeline.is_repeat order by timeline.event_no
        ),
        timeline.event_at
    ) as pause_seconds,             -- Since the event before on either tab that is no copy; of a copy, since the copy before.
    timeline.is_repeat,
    coalesce(
        label_as_logged(logged.logged_label, texts.pattern, logged.subject),
        timeline.label
    ) as logged_label,              -- The label exactly as logged, SSNs and ITINs replaced by [TIN]; of an e-signature in
                                    -- a web hook, our words for it.
    text_of_time(
        logged.event_time, logged.event_at, logged.utc_minutes, logged.format_no
    ) as logged_time,               -- The time exactly as logged; null for an e-signature in a web hook.
    files.file_name,
    timeline.row_no,
    timeline.is_milestone,
    timeline.is_problem
from model.timeline as timeline
-- The view raw.events has the same words, and much that this report does not need. File and record number identify the
-- record; its return only makes the search faster.
left join raw.records as logged using (return_key, file_no, row_no)
left join raw.label_texts as texts using (label_no)
join raw.files as files using (file_id)
where among(timeline.firm_id, for_firms)
    and (for_return is null or timeline.return_id = for_return)
order by timeline.firm_id, timeline.return_id, timeline.event_no
