-- Web hooks that belong to no return, or that User Tracking contradicts: neither is preferred. One row per signature, status,
-- event or return, the newest first.
--
-- every: load
-- access: loading
with users_logs as (
    select sets.return_key, newest.newest_at
    from raw.attribute_sets as sets
    join model.newest_events as newest using (file_no)
    where not newest.is_web_hook
),
logged as (
    select return_key, max(newest_at) as logged_until_at
    from users_logs
    group by return_key
),
statuses as (
    select
        returns.firm_id, events.return_key, events.event_at, events.is_repeat, events.file_no, events.row_no, labels.code,
        labels.title, labels.is_deliver
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    join model.returns as returns using (return_key)
    where labels.is_web_hook
),
firms as (
    select firm_id, min(event_at) as first_at, max(event_at) as last_at
    from statuses
    group by firm_id
),
told as (
    select statuses.*, case when is_deliver then 'delivered' else code end as said
    from statuses
    where is_deliver or code in ('return_recalled', 'files_uploaded')
),
not_joined as (
    select
        'signature of no return' as finding, hooks.client_name as subject, signatures.firm_id, null as return_key,
        signatures.seen_at as happened_at, signatures.file_no, signatures.row_no,
        case signatures.return_count
            when 0 then 'No return with events is of this client, form and year: load its log or a returns list.'
            else signatures.return_count || ' returns are of this client, form and year, and the web hook does not say which.'
        end as reason
    from model.joined_signatures as signatures
    join raw.webhook as hooks using (file_id, row_no)
    where signatures.return_key is null
),
without_event as (
    select
        'status without event' as finding, told.title as subject, told.firm_id, told.return_key,
        told.event_at as happened_at, told.file_no, told.row_no,
        'A web hook says so, and the log of the return, which goes further, does not: export it again. It counts.' as reason
    from told
    join logged using (return_key)
    where not told.is_repeat and logged.logged_until_at >= told.event_at
),
without_status as (
    select
        'event without status' as finding, labels.title as subject, firms.firm_id, events.return_key,
        events.event_at as happened_at, events.file_no, events.row_no,
        'The log says so, and no web hook does, though others of this return came: see what the receiver lost. It counts.' as reason
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    join model.returns as returns using (return_key)
    join firms on firms.firm_id = returns.firm_id and events.event_at between firms.first_at and firms.last_at
    semi join statuses on statuses.return_key = events.return_key
    anti join told
        on told.return_key = events.return_key
        and told.said = case when labels.is_deliver then 'delivered' else labels.code end
        and told.event_at between events.event_at - interval 10 minute and events.event_at + interval 10 minute
    where not events.is_repeat and not labels.is_web_hook
        and (labels.is_deliver or labels.code in ('return_recalled', 'files_uploaded'))
),
only_hooks as (
    select
        'return only in web hooks' as finding, returns.return_id as subject, statuses.firm_id, statuses.return_key,
        max(statuses.event_at) as happened_at, null as file_no, null as row_no,
        'No log has this return. If your export names returns by another number, it is there twice: '
            || 'say which under [source.columns] of the web hooks.' as reason
    from statuses
    join model.returns as returns using (return_key)
    anti join logged using (return_key)
    -- A firm that has web hooks alone has nothing to compare.
    where exists (select 1 from logged)
    group by returns.return_id, statuses.firm_id, statuses.return_key
    having min(statuses.event_at) <= (select max(logged_until_at) from logged)
),
findings as (
    from not_joined
    union all by name from without_event
    union all by name from without_status
    union all by name from only_hooks
)
select
    attributes.return_id,
    attributes.client_name,
    attributes.return_type,
    attributes.office,
    attributes.partner,
    attributes.due_date,
    findings.firm_id,           -- The account of the platform.
    findings.finding,           -- signature of no return, status without event, event without status, return only in web hooks.
    findings.subject,           -- The signer, what happened, or the return.
    findings.happened_at,       -- When it happened (UTC).
    findings.reason,            -- What it means, and what to do.
    files.file_name,            -- The file that says so.
    findings.row_no             -- The record's number in it.
from findings
left join model.attributes as attributes using (return_key)
left join raw.file_numbers as numbers using (file_no)
left join raw.files as files on files.file_id = numbers.file_id
order by
    findings.happened_at desc, findings.finding, findings.subject nulls last, attributes.return_id nulls last,
    files.file_name, findings.row_no
