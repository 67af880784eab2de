-- Unrecognized events, whose label no rule matches: they appear in timelines but are not counted. One row per event.
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
    end as label,       -- As logged, tidied, without the status, "..." in place of text in quotes.
    status
from model.events
where code = 'unclassified'
