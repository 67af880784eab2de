-- How far each delivery of a return has got, step by step: logged, implied by a later step, or not reached. One row per
-- delivery and funnel step.
--
-- key: firm_id, return_id, cycle_no, step_no
-- check: step_state in ('logged', 'implied', 'not reached', 'does not apply')
-- filters: firms
-- param: for_return = null  The return; all if not given.
with delivered as (
    select
        deliveries.firm_id, deliveries.return_id, deliveries.cycle_no, deliveries.kba_expected, deliveries.recalled_at,
        deliveries.furthest_step_no, deliveries.delivered_at, deliveries.email_delivered_at, deliveries.email_opened_at,
        deliveries.link_selected_at, deliveries.accessed_at, deliveries.kba_passed_at, deliveries.signed_at,
        deliveries.picked_up_at
    from mart.deliveries as deliveries
    where among(deliveries.firm_id, for_firms)
        and (for_return is null or deliveries.return_id = for_return)
),
stepped as (
    select
        delivered.firm_id, delivered.return_id, delivered.cycle_no, delivered.recalled_at, delivered.furthest_step_no,
        steps.step_no, steps.step, steps.title, steps.meaning,
        delivered.kba_expected or steps.eligible = 'every delivery' as applies,
        case steps.step
            when 'delivered' then delivered.delivered_at
            when 'email delivered' then delivered.email_delivered_at
            when 'email opened' then delivered.email_opened_at
            when 'link selected' then delivered.link_selected_at
            when 'accessed' then delivered.accessed_at
            when 'KBA passed' then delivered.kba_passed_at
            when 'signed' then delivered.signed_at
            when 'picked up' then delivered.picked_up_at
        end as reached_at
    from delivered
    cross join ref.steps as steps
)
select
    stepped.firm_id,
    stepped.return_id,
    stepped.cycle_no,
    stepped.step_no,
    stepped.step,
    stepped.title,
    stepped.meaning,
    stepped.reached_at,     -- The first time in the delivery (UTC); null where the log shows none.
    case
        when stepped.reached_at is not null then 'logged'
        when not stepped.applies then 'does not apply'
        when stepped.step_no < stepped.furthest_step_no then 'implied'
        else 'not reached'
    end as step_state,      -- logged, implied (the log shows a later step only), not reached, or does not apply (identity questions that are not
                            -- expected).
    stepped.recalled_at
from stepped
order by stepped.firm_id, stepped.return_id, stepped.cycle_no, stepped.step_no
