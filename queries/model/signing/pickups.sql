-- When the firm downloaded the signed e-file forms of a delivery, and what the client had done by then. One row per
-- delivery with a pickup.
--
-- key: firm_id, return_id, cycle_no
-- check: acted_at is null or acted_at <= picked_up_at
with firsts as (
    select
        firm_id,
        return_id,
        cycle_no,
        min(event_no) as event_no,
        min(event_at) as picked_up_at,
        max(event_at) as last_picked_up_at
    from model.delivery_acts
    where code = 'efile_forms_downloaded_by_firm'
    group by firm_id, return_id, cycle_no
),
acts as (
    select firm_id, return_id, cycle_no, event_no, event_at, null as taken_back_event_no
    from model.delivery_acts
    where code = 'kba_passed' and is_required
    union all
    select firm_id, return_id, cycle_no, event_no, event_at, taken_back_event_no
    from model.delivery_uploads
)
select
    firsts.firm_id,
    firsts.return_id,
    firsts.cycle_no,
    firsts.picked_up_at,        -- The first pickup (UTC).
    firsts.last_picked_up_at,   -- The last pickup (UTC).
    max(acts.event_at) as acted_at -- The last identity check or upload before the first pickup that was not deleted by then (UTC).
from firsts
left join acts
    on acts.firm_id = firsts.firm_id
    and acts.return_id = firsts.return_id
    and acts.cycle_no = firsts.cycle_no
    and acts.event_no < firsts.event_no
    and coalesce(acts.taken_back_event_no, firsts.event_no + 1) > firsts.event_no
group by firsts.firm_id, firsts.return_id, firsts.cycle_no, firsts.picked_up_at, firsts.last_picked_up_at
