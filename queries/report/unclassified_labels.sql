-- Labels that no rule recognizes, the most frequent first; text in quotes varies and is left out. To define one, add a row to
-- the firm's own reference/labels.csv. One row per tab, label and status.
--
-- filters: firms
-- every: load
-- access: loading
select
    tab,
    label,
    status,
    count(*) as event_count,                                -- Events with it.
    count(distinct (firm_id, return_id)) as return_count,   -- Returns with it.
    min(event_at) as first_at,                              -- Its first event (UTC).
    max(event_at) as last_at                                -- Its last event (UTC).
from mart.unclassified_events
where among(firm_id, for_firms)
group by tab, label, status
order by event_count desc, tab, label nulls last, status nulls last
