-- The status of one return: who must act, what to do, why, and how far the delivery has got. One row per return.
--
-- key: firm_id, return_id
-- filters: firms
-- param: for_return = null  The return; all if not given.
-- param: for_cycle = null  The delivery whose steps to show; the current one if not given.
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    returns.client_id,
    returns.group_name,
    returns.is_joint,
    returns.preparer,
    returns.ero_signer,
    returns.due_basis,
    returns.access_state,
    returns.handling_state,
    returns.signature_state,
    returns.signed_basis,
    returns.next_step,
    steps.title as next_step_title,     -- The next step, as an instruction.
    returns.next_step_owner,
    in_days(seconds_between(returns.waiting_since, build.as_of)) as waiting_days, -- Since the next step became due; null for none.
    returns.waiting_since,
    returns.why,
    returns.cycle_no,
    returns.uploaded_at,
    returns.last_event_at,
    returns.event_count,
    deliveries.cycle_no as shown_cycle_no, -- The delivery that the columns after this one describe; null where it was not delivered.
    deliveries.delivered_at,
    deliveries.delivered_by,
    deliveries.email_delivered_at,
    deliveries.email_opened_at,
    deliveries.email_bounced_at,
    deliveries.link_selected_at,
    deliveries.accessed_at,
    deliveries.kba_expected,
    deliveries.kba_passed_at,
    deliveries.signed_at,
    deliveries.picked_up_at,
    deliveries.recalled_at
from mart.returns as returns
join ref.next_steps as steps using (next_step)
cross join raw.build as build
left join mart.deliveries as deliveries
    on deliveries.firm_id = returns.firm_id
    and deliveries.return_id = returns.return_id
    and deliveries.cycle_no = coalesce(for_cycle, returns.cycle_no)
    and (for_return is null or deliveries.return_id = for_return)
where among(returns.firm_id, for_firms)
    and (for_return is null or returns.return_id = for_return)
order by returns.firm_id, returns.return_id
