-- What the log shows of each signature, and what it does not: `not in source` means that neither the platform's log nor
-- the export shows it. It does not judge whether a signature is valid; report.evidence_facts names the event behind each
-- fact. One row per required signer and delivery, the newest delivery first.
--
-- key: firm_id, return_id, cycle_no, signer
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: for_return = null  Only this return; all if not given.
-- every: month
with facts as (
    select
        firm_id, return_id, cycle_no, signer, fact, event_at,
        fact_value || case when basis in ('logged', 'not in source') then '' else ' (' || basis || ')' end as said,
        case
            when basis like '%, signer not named' then fact_value || ', signer not named'
            when basis = 'implied by the access before' then fact_value || ', ' || basis
            else fact_value
        end as known,
        case when basis = 'implied by the access before' then event_at end as implied_at
    from unsorted.evidence_facts(
        since := since,
        until := until,
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years,
        for_return := for_return
    )
),
shown as (
    select
        firm_id, return_id, cycle_no, signer,
        max(case when known = 'accessed' then 'logged' else known end) filter (where fact = 'access') as access,
        max(said) filter (where fact = 'copy_before_signing') as copy_before_signing,
        max(said) filter (where fact = 'login') as login,
        max(known) filter (where fact = 'identity_check') as identity_check,
        max(implied_at) filter (where fact = 'identity_check') as identity_check_implied_at,
        max(known) filter (where fact = 'signature') as signature,
        max(implied_at) filter (where fact = 'signature') as signature_implied_at,
        max(known) filter (where fact = 'signing_time') as signing_time,
        max(event_at) filter (where fact = 'signing_time') as signing_time_at,
        max(said) filter (where fact = 'signing_method') as signing_method,
        max(known) filter (where fact = 'ip_address') as ip_address,
        max(said) filter (where fact = 'signed_form_image') as signed_form_image,
        max(event_at) filter (where fact = 'form_retrieved') as form_retrieved_at,
        max(said) filter (where fact = 'audit_trail') as audit_trail,
        max(known) filter (where fact = 'delivery_standing') as delivery_standing,
        max(said) filter (where fact = 'filing') as filing,
        max(said) filter (where fact = 'retain_until') as retain_until
    from facts
    group by firm_id, return_id, cycle_no, signer
),
acted as (
    select
        shown.*,
        coalesce(
            signers.kba_passed_at, signers.esigned_at, shown.identity_check_implied_at, shown.signature_implied_at
        ) is not null as has_acted
    from shown
    join mart.signers as signers using (firm_id, return_id, cycle_no, signer)
    where (for_return is null or signers.return_id = for_return)
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
    shown.access,               -- Whether the log shows that the signer accessed the return; `accessed by one of the two, signer not named`: the
                                -- log of a joint return does not say who did, which is no proof of this signer's access.
    signers.accessed_at,
    shown.copy_before_signing,  -- Access or a download before the event that dates the signature.
    shown.login,                -- Who logged in, as the export says, or where the access code was sent.
    shown.identity_check,       -- Whether the log shows a pass of the identity questions, likewise; failures are never logged.
    signers.kba_passed_at,
    shown.identity_check_implied_at, -- When a check was passed that names nobody and is implied to be theirs (UTC); null for none.
    shown.signature,            -- The best evidence of the signature; the platform does not log the e-signature of Form 8879.
    signers.esigned_at,
    shown.signing_time,         -- How signing_time_at relates to the time of this signer's signature: at it, after it or before it.
    shown.signing_time_at,      -- The time of the event that dates the signature (UTC).
    deliveries.signature_state,
    case
        when deliveries.signature_state = 'partly signed'
            and deliveries.recalled_at is null
            and not shown.has_acted
            and bool_or(shown.has_acted) over (partition by shown.firm_id, shown.return_id, shown.cycle_no)
            then deliveries.signature_state_at
    end as missing_since,       -- Since when this signer is missing (UTC): the other one has acted, as logged or implied; else null.
    deliveries.signed_basis,
    deliveries.signed_at,
    shown.signing_method,       -- By hand or electronically, where the log shows it.
    shown.ip_address,           -- The address that the last identity check or e-signature came from.
    shown.signed_form_image,    -- No log contains the image of the signed form; store it separately.
    shown.form_retrieved_at,    -- The firm first downloaded the signed forms (UTC).
    shown.audit_trail,          -- The number of logged events of the delivery.
    shown.delivery_standing,    -- current, signed an earlier version, or recalled, no signature shown.
    deliveries.recalled_at,
    shown.filing,               -- When the return was sent to the IRS, which this log never shows.
    shown.retain_until          -- Three years after the due date; receipt by the IRS may make it later.
from acted as shown
join mart.signers as signers using (firm_id, return_id, cycle_no, signer)
join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
where (for_return is null or deliveries.return_id = for_return)
    and (for_return is null or signers.return_id = for_return)
order by
    deliveries.delivered_at desc,
    deliveries.firm_id,
    deliveries.return_id,
    deliveries.cycle_no,
    case signers.signer when 'taxpayer' then 1 else 2 end
