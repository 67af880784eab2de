-- Unrecognized events, whose label no rule matches: they appear in timelines but are not counted. One row per event.
--
-- key: firm_id, return_id, event_no
-- by: return
select
    returns.firm_id,
    returns.return_id,
    events.event_no,
    events.event_at,
    labels.tab,
    labels.words as label, -- As logged, tidied, without the status, "..." in place of text in quotes.
    coalesce(
        nullif(labels.logged_status, ''), labels.status
    ) as status         -- From its own column or the end of the label; null for none.
from model.numbered_events as events
join model.labels as labels using (label_no)
join model.returns as returns using (return_key)
where labels.code = 'unclassified'
