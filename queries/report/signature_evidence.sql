-- What the log proves of each signature, and what it does not: `not in source` stands where neither the platform's log
-- nor the export shows it. One row per required signer and delivery, the newest delivery first. An earlier delivery's
-- signature is evidence of that delivery only.
--
-- key: firm_id, return_id, cycle_no, signer
-- param: since = null  First day of delivery; open if not given.
-- param: until = null  Last day of delivery, itself included; open if not given.
-- param: for_firms = null  Only these firms; all if not given.
-- param: for_offices = null  Only these offices; all if not given.
-- param: for_partners = null  Only these partners of the firm; all if not given.
-- param: for_types = null  Only these forms; all if not given.
-- param: for_years = null  Only these tax years; all if not given.
-- param: for_return = null  Only this return; all if not given.
-- every: month
with addresses as (
    select
        acts.firm_id, acts.return_id, acts.cycle_no, acts.signer,
        max_by(logged.ip_address, acts.event_no) as ip_address
    from model.delivery_acts as acts
    join model.events as events
        on events.firm_id = acts.firm_id
        and events.return_id = acts.return_id
        and events.event_no = acts.event_no
    join raw.events as logged on logged.file_id = events.file_id and logged.row_no = events.row_no
    where acts.code in ('kba_passed', 'efile_esigned')
        and acts.signer is not null
        and logged.ip_address is not null
        and (for_return is null or acts.return_id = for_return)
    group by acts.firm_id, acts.return_id, acts.cycle_no, acts.signer
)
select
    deliveries.return_id,
    deliveries.client_name,
    deliveries.return_type,
    deliveries.office,
    deliveries.partner,
    deliveries.due_date,
    deliveries.firm_id,
    deliveries.tax_year,
    deliveries.cycle_no,
    signers.signer,
    deliveries.delivered_at,
    case
        when signers.accessed_at is not null then 'logged'
        when deliveries.accessed_at is not null then 'logged, signer not named'
        else 'not in source'
    end as access,                      -- Whether the log shows that the signer was in the return; not named: of a joint return, whose access it was.
    signers.accessed_at,
    case
        when signers.kba_passed_at is not null then 'passed'
        when deliveries.kba_passed_at is not null then 'passed, signer not named'
        when not deliveries.kba_expected then 'not expected'
        else 'not in source'
    end as identity_check,              -- Whether the log shows a pass of the identity questions; failures are never logged.
    signers.kba_passed_at,
    case
        when signers.esigned_at is not null then 'e-signed'
        when deliveries.signed_basis = 'picked_up' then 'signed forms picked up'
        when deliveries.signed_basis = 'uploaded' then 'hand-signed forms uploaded'
        else 'not in source'
    end as signature,                   -- The best sign of the signature itself; the platform logs none for Form 8879.
    signers.esigned_at,
    deliveries.signature_state,
    deliveries.signed_basis,
    deliveries.signed_at,
    coalesce(addresses.ip_address, 'not in source') as ip_address, -- The address that the last identity check or e-signature came from.
    'not in source' as signed_form_image, -- No log holds the image of the signed form; keep it apart.
    'not in source' as signing_method,  -- No log says how the form was signed.
    deliveries.recalled_at
from mart.signers as signers
join mart.deliveries as deliveries
    on deliveries.firm_id = signers.firm_id
    and deliveries.return_id = signers.return_id
    and deliveries.cycle_no = signers.cycle_no
left join addresses
    on addresses.firm_id = signers.firm_id
    and addresses.return_id = signers.return_id
    and addresses.cycle_no = signers.cycle_no
    and addresses.signer = signers.signer
where asked_for(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
    and during(deliveries.delivered_on, since, until)
    and (for_return is null or deliveries.return_id = for_return)
    and (for_return is null or signers.return_id = for_return)
order by
    deliveries.delivered_at desc,
    deliveries.firm_id,
    deliveries.return_id,
    deliveries.cycle_no,
    case signers.signer when 'taxpayer' then 1 else 2 end
