-- How many events were logged on each day. One row per firm, tab and day that has events.
--
-- key: firm_id, tab, event_on
-- check: event_count > 0
select
    firm_id,
    tab,
    event_on,
    count(*) as event_count -- Events of that tab on that day.
from model.events
group by firm_id, tab, event_on
