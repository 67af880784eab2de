-- Labels that no rule knows, the most frequent first; what stands in quotes varies and is left out. A row in the firm's
-- own reference/labels.csv names one. One row per tab, label and status.
--
-- param: for_firms = null  Only these firms; all if not given.
-- every: load
with unknown as (
    select
        tab,
        case when subject is null then label else replace(label, '"' || subject || '"', '"..."') end as label,
        status,
        firm_id,
        return_id,
        event_at
    from model.events
    where code = 'unclassified' and among(firm_id, for_firms)
)
select
    tab,
    label,                                                  -- As logged, tidied, without the status, "..." for what stands in quotes.
    status,
    count(*) as event_count,                                -- Events with it.
    count(distinct (firm_id, return_id)) as return_count,   -- Returns with it.
    min(event_at) as first_at,                              -- Its first event (UTC).
    max(event_at) as last_at                                -- Its last event (UTC).
from unknown
group by tab, label, status
order by event_count desc, tab, label nulls last, status nulls last
