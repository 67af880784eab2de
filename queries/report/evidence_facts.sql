-- What the log shows of each signature, fact by fact, and which event shows it: logged, implied by another event, or `not
-- in source`. It does not judge whether a signature is valid. One row per required signer, delivery and fact of
-- ref.evidence, the newest delivery first.
--
-- key: firm_id, return_id, cycle_no, signer, fact
-- check: (basis = 'not in source') = (fact_value = 'not in source')
-- param: since = null  First day of delivery; no limit if not given.
-- param: until = null  Last day of delivery, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: for_return = null  Only this return; all if not given.
with asked as (
    select
        signers.firm_id, signers.return_id, signers.cycle_no, signers.signer,
        deliveries.client_name, deliveries.return_type, deliveries.office, deliveries.partner, deliveries.due_date,
        deliveries.tax_year, deliveries.is_joint, deliveries.kba_expected, deliveries.delivered_at, numbers.return_key
    from mart.signers as signers
    join model.returns as numbers using (firm_id, return_id)
    join mart.deliveries as deliveries using (firm_id, return_id, cycle_no)
    where passes_filters(deliveries, for_firms, for_offices, for_partners, for_types, for_years)
        and during(deliveries.delivered_on, since, until)
        and (for_return is null or deliveries.return_id = for_return)
        and (for_return is null or signers.return_id = for_return)
),
cycles as (
    select
        events.return_key, events.cycle_no,
        min(events.event_no) filter (where labels.code = 'return_recalled') as recalled_no,
        min(events.event_no) filter (where labels.code = 'sent_without_kba') as without_kba_no,
        count(*) filter (where events.event_no >= starts.delivered_event_no) as event_count,
        any_value(starts.delivered_event_no) as delivered_no
    from (select distinct asked.return_key, asked.cycle_no from asked) as wanted
    join model.delivery_starts as starts using (return_key, cycle_no)
    join model.numbered_events as events using (return_key, cycle_no)
    join model.labels as labels using (label_no)
    where not events.is_repeat
    group by events.return_key, events.cycle_no
),
events as (
    select
        events.return_key, events.event_no, events.event_at, events.label_no, events.file_no, events.row_no,
        records.subject
    from (select distinct asked.return_key from asked) as wanted
    join model.numbered_events as events using (return_key)
    left join raw.records as records using (return_key, file_no, row_no)
),
-- How often somebody acted whom the log does not name: once it was one of two signers, more often one or both.
unnamed as (
    select acts.return_key, acts.cycle_no, acts.signer, acts.code, count(*) as act_count
    from (select distinct asked.return_key from asked) as wanted
    join model.signer_acts as acts using (return_key)
    where not acts.is_theirs and coalesce(acts.taken_back_event_no, 0) = 0
    group by acts.return_key, acts.cycle_no, acts.signer, acts.code
),
facts as (
    select
        asked.*, evidence.fact_no, evidence.fact, evidence.title, evidence.source, evidence.meaning,
        cycles.event_count, cycles.recalled_no, shown.signature_no, shown.login, shown.ip_address,
        dating_labels.code as dating_code,
        returns.due_basis, cast(returns.due_date + interval 3 years as date) as kept_until,
        case evidence.fact
            when 'signer_named' then shown.named_no
            when 'version_sent' then cycles.delivered_no
            when 'access' then shown.access_no
            when 'copy_before_signing' then shown.copy_no
            when 'login' then shown.login_no
            when 'identity_check' then coalesce(shown.passed_no, cycles.without_kba_no)
            when 'signature' then shown.signature_no
            when 'signing_time' then shown.dating_no
            when 'signing_method' then case when dating_labels.code <> 'efile_forms_downloaded_by_firm' then shown.dating_no end
            when 'ip_address' then shown.address_no
            when 'form_retrieved' then shown.picked_up_no
            when 'delivery_standing' then cycles.recalled_no
        end as event_no
    from asked
    cross join ref.evidence as evidence
    join cycles using (return_key, cycle_no)
    join mart.returns as returns using (firm_id, return_id)
    left join model.signer_evidence as shown using (return_key, cycle_no, signer)
    left join model.numbered_events as dating
        on dating.return_key = shown.return_key and dating.event_no = shown.dating_no
    left join model.labels as dating_labels on dating_labels.label_no = dating.label_no
    where (for_return is null or returns.return_id = for_return)
),
valued as (
    select
        facts.*, events.event_at, labels.code, worded(labels.words, events.subject) as label, events.file_no,
        events.row_no, codes.title as code_title,
        coalesce(
            facts.is_joint and codes.acts = 'client' and labels.recipient is null and labels.code <> 'return_esigned', false
        ) as is_of_nobody,
        implied.event_no is not null as is_implied,
        is_of_nobody and not is_implied as is_unnamed,
        case
            when not is_unnamed then ''
            when unnamed.act_count > 1 and facts.fact in ('access', 'identity_check', 'signature') then ' by one or both'
            else ' by one of the two'
        end as by_whom,
        case facts.fact
            when 'signer_named' then case when labels.code is not null or not facts.is_joint then facts.signer end
            when 'version_sent' then lower(codes.title)
            when 'access' then case when labels.code is not null then 'accessed' || by_whom end
            when 'copy_before_signing' then
                case when labels.code = 'return_accessed' then 'accessed' when labels.code is not null then 'downloaded' end || by_whom
                || case facts.dating_code
                    when 'signature_seen' then ' before the e-signature'
                    when 'return_esigned' then ' before the last e-signature'
                    when 'efile_esigned' then ' before the e-signature'
                    when 'kba_passed' then ' before the identity check'
                    when 'files_uploaded' then ' before the upload'
                    when 'efile_forms_downloaded_by_firm' then ' before the pickup'
                    else ', no signature to compare'
                end
            when 'login' then facts.login
            when 'identity_check' then
                case when labels.code = 'kba_passed' then 'passed' || by_whom when not facts.kba_expected then 'not expected' end
            when 'signature' then case labels.code
                when 'signature_seen' then 'e-signed'
                when 'return_esigned' then 'e-signed'
                when 'efile_esigned' then 'e-signed'
                when 'efile_forms_downloaded_by_firm' then 'signed forms picked up'
                when 'files_uploaded' then 'hand-signed forms uploaded'
            end || by_whom
            when 'signing_time' then case labels.code
                when 'signature_seen' then 'at the e-signature'
                when 'return_esigned' then 'not after the last e-signature'
                when 'efile_esigned' then 'at the e-signature'
                when 'kba_passed' then 'after the identity check'
                when 'files_uploaded' then 'not after the upload'
                when 'efile_forms_downloaded_by_firm' then 'not after the pickup'
            end || by_whom
            when 'signing_method' then
                case when labels.code = 'files_uploaded' then 'by hand' when labels.code is not null then 'electronically' end
            when 'ip_address' then facts.ip_address
            when 'form_retrieved' then case when labels.code is not null then 'downloaded by the firm' end
            when 'audit_trail' then facts.event_count || case when facts.event_count = 1 then ' event' else ' events' end
            when 'delivery_standing' then case
                when facts.recalled_no is null then 'current'
                when facts.signature_no is not null then 'signed an earlier version'
                else 'recalled, no signature shown'
            end
            when 'retain_until' then 'not before ' || facts.kept_until
        end as known_value
    from facts
    left join events using (return_key, event_no)
    left join model.labels as labels on labels.label_no = events.label_no
    left join ref.codes as codes on codes.code = labels.code
    left join model.implied_acts as implied
        on implied.return_key = facts.return_key
        and implied.event_no = facts.event_no
        and implied.signer = facts.signer
    left join unnamed
        on unnamed.return_key = facts.return_key
        and unnamed.cycle_no = facts.cycle_no
        and unnamed.signer = facts.signer
        and unnamed.code = labels.code
)
select
    valued.return_id,
    valued.client_name,
    valued.return_type,
    valued.office,
    valued.partner,
    valued.due_date,
    valued.firm_id,
    valued.tax_year,
    valued.cycle_no,                        -- The delivery, from 1.
    valued.signer,                          -- taxpayer or spouse.
    valued.fact_no,
    valued.fact,
    valued.title,                           -- The fact, as a heading.
    coalesce(valued.known_value, 'not in source') as fact_value, -- What the log shows, or not in source; of a joint return
                                            -- whose log does not say who acted, by one of the two, or by one or both, unless the access before implies
                                            -- who it was.
    case
        when valued.known_value is null then 'not in source'
        when valued.is_implied then 'implied by the access before'
        when valued.fact = 'retain_until' then 'implied by the due date of the ' || valued.due_basis
        when valued.fact = 'delivery_standing' and valued.event_no is null then 'implied by no recall in the log'
        when valued.fact = 'identity_check' and valued.event_no is null then 'implied by the form'
        when valued.fact = 'signer_named' and valued.event_no is null then 'implied by a single signer'
        when valued.fact = 'version_sent' and valued.code = 'initial_email_processed'
            or valued.fact = 'login' and valued.code <> 'return_accessed'
            or valued.fact in ('signature', 'signing_time', 'signing_method')
                and valued.code not in ('signature_seen', 'efile_esigned')
            then 'implied by ' || valued.code_title || case when valued.is_unnamed then ', signer not named' else '' end
        when valued.is_unnamed and valued.fact <> 'signer_named' then 'logged, signer not named'
        else 'logged'
    end as basis,                           -- logged, implied by the event named, or not in source; `signer not named`: the log of a joint return
                                            -- does not say who acted; `implied by the access before`: it does not, and only this signer had
                                            -- accessed within the two hours before.
    valued.event_at,                        -- When that event happened (UTC).
    valued.event_no,                        -- The event behind it; null for none, or for all of the delivery.
    valued.code,                            -- Our name for that event.
    valued.label,                           -- The event's words as logged, tidied, without the status.
    files.file_name,                        -- The file that the event was logged in.
    valued.row_no,                          -- The record's number in that file, from 1, its header not counted.
    valued.source,                          -- The guidance that asks for the fact.
    valued.meaning                          -- What the log can show of the fact, and what it cannot.
from valued
left join raw.file_numbers as numbers using (file_no)
left join raw.files as files on files.file_id = numbers.file_id
order by
    valued.delivered_at desc,
    valued.firm_id,
    valued.return_id,
    valued.cycle_no,                        -- The delivery, from 1.
    case valued.signer when 'taxpayer' then 1 else 2 end,
    valued.fact_no,
    valued.fact
