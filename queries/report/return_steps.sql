-- How far each delivery of a return has got, step by step: logged, implied by a later step, or not reached. One row per
-- delivery and funnel step.
--
-- key: firm_id, return_id, cycle_no, step_no
-- check: step_state in ('logged', 'implied', 'not reached', 'does not apply', 'partly signed', 'probably signed')
-- check: (step_state = 'implied') = (implied_by_at is not null)
-- filters: firms
-- param: for_return = null  The return; all if not given.
with delivered as (
    select
        deliveries.firm_id, deliveries.return_id, deliveries.cycle_no, deliveries.kba_expected, deliveries.recalled_at,
        deliveries.furthest_step_no, deliveries.delivered_at, deliveries.email_delivered_at, deliveries.email_opened_at,
        deliveries.link_selected_at, deliveries.accessed_at, deliveries.kba_passed_at, deliveries.signed_at,
        deliveries.picked_up_at, deliveries.delivered_basis, deliveries.signed_basis, deliveries.signature_state
    from mart.deliveries as deliveries
    where among(deliveries.firm_id, for_firms)
        and (for_return is null or deliveries.return_id = for_return)
),
stepped as (
    select
        delivered.firm_id, delivered.return_id, delivered.cycle_no, delivered.recalled_at, delivered.furthest_step_no,
        steps.step_no, steps.step, steps.title, steps.meaning, delivered.signature_state,
        delivered.kba_expected or steps.eligible = 'every delivery' as applies,
        case steps.step
            when 'delivered' then delivered.delivered_at
            when 'email delivered' then delivered.email_delivered_at
            when 'email opened' then delivered.email_opened_at
            when 'link selected' then delivered.link_selected_at
            when 'accessed' then delivered.accessed_at
            when 'KBA passed' then delivered.kba_passed_at
            -- A pickup implies the signature: no event says when it was.
            when 'signed' then case when delivered.signed_basis <> 'picked_up' then delivered.signed_at end
            when 'picked up' then delivered.picked_up_at
        end as reached_at,
        case steps.step
            when 'delivered' then delivered.delivered_basis
            when 'signed' then delivered.signed_basis
        end as basis
    from delivered
    cross join ref.steps as steps
),
followed as (
    select
        stepped.*,
        min(stepped.reached_at) over later as later_at,
        arg_min(stepped.title, stepped.reached_at) over later as later_title
    from stepped
    window later as (
        partition by stepped.firm_id, stepped.return_id, stepped.cycle_no
        order by stepped.step_no rows between 1 following and unbounded following
    )
),
judged as (
    select
        followed.*,
        case
            when followed.reached_at is not null then 'logged'
            when not followed.applies then 'does not apply'
            when followed.step_no < followed.furthest_step_no then 'implied'
            when followed.step = 'signed' and followed.signature_state in ('partly signed', 'probably signed')
                then followed.signature_state
            else 'not reached'
        end as step_state
    from followed
)
select
    judged.firm_id,
    judged.return_id,
    judged.cycle_no,
    judged.step_no,
    judged.step,
    judged.title,
    judged.meaning,
    judged.reached_at,      -- The first time in the delivery (UTC); null where the log shows none.
    judged.step_state,      -- logged, implied (the log shows a later step only), not reached, does not apply (identity questions that are not
                            -- expected); of signed also partly signed or probably signed, the signature_state, which is not reached.
    judged.basis,           -- What shows the step: of delivered, deliver event or initial email; of signed, the signed_basis; else null.
    case
        when judged.step_state = 'implied' then judged.later_at
    end as implied_by_at,   -- The time of the first later step that is logged (UTC): an implied step was reached by then.
    case
        when judged.step_state = 'implied' then judged.later_title
    end as implied_by,      -- The title of that later step.
    judged.recalled_at
from judged
order by judged.firm_id, judged.return_id, judged.cycle_no, judged.step_no
