-- The events whose words no rule knows: they stand in the time lines and count nowhere. One row per event.
--
-- key: firm_id, return_id, event_no
select
    firm_id,
    return_id,
    event_no,
    event_at,
    tab,
    case
        when subject is null then label
        else replace(label, '"' || subject || '"', '"..."')
    end as label,       -- As logged, tidied, without the status, "..." for what stands in quotes.
    status
from model.events
where code = 'unclassified'
