-- How many events were logged on each day. One row per firm, tab and day that has events.
--
-- key: firm_id, tab, event_on
-- check: event_count > 0
select
    returns.firm_id,
    labels.tab,
    events.event_on,
    count(*) as event_count -- Events of that tab on that day.
from model.numbered_events as events
join model.returns as returns using (return_key)
join model.labels as labels using (label_no)
group by returns.firm_id, labels.tab, events.event_on
