-- What was loaded and what is wrong with it: one row per loaded or refused file, then one row per other data issue. Nothing
-- here stops a build.
--
-- every: load
-- access: loading
with loaded as (
    select files.content_id, max(files.loaded_at) as loaded_at, max_by(files.file_name, files.loaded_at) as file_name
    from raw.files as files
    where files.state = 'loaded'
    group by files.content_id
),
-- A refused file that was renamed and loaded may also be another return of equal content, so its row stays and says so.
files as (
    select
        1 as finding_no, 'file' as finding, files.file_name as subject, files.record_count,
        coalesce(files.reason || ' Its content was loaded since, as ' || loaded.file_name || '.', files.reason) as reason, files.source,
        files.kind, files.state, files.kept_count, files.quarantined_count, files.purged_count, files.distinct_count,
        files.repeated_count, files.later_count, files.redacted_count, files.unmapped_columns, files.loaded_at, files.file_id
    from raw.files as files
    left join loaded
        on files.state = 'refused'
        and loaded.content_id = files.content_id
        and loaded.loaded_at > files.loaded_at
),
without_events as (
    select
        2 as finding_no, 'register without events' as finding, registered.firm_id as subject, count(*) as record_count,
        'The returns list has these returns, but no log does: export their logs, unless they are not on the platform.' as reason
    from (select distinct returns.firm_id, returns.return_id from raw.returns as returns) as registered
    left join mart.returns as returns using (firm_id, return_id)
    where returns.return_id is null
    group by registered.firm_id
),
unknown_forms as (
    select
        3 as finding_no, 'unknown form' as finding, returns.return_type as subject, count(*) as record_count,
        'No rule matches this spelling: add a row to reference/forms.csv.' as reason
    from mart.returns as returns
    where returns.return_type not in (select forms.return_type from ref.forms as forms)
    group by returns.return_type
),
counted as (
    select
        unnest(['client_name', 'return_type', 'tax_year', 'office', 'partner']) as subject,
        count(*) - unnest([
            count(returns.client_name), count(returns.return_type), count(returns.tax_year), count(returns.office),
            count(returns.partner)
        ]) as record_count
    from mart.returns as returns
),
missing as (
    select
        4 as finding_no, 'missing attribute' as finding, counted.subject, counted.record_count,
        'Filters leave out returns without it: map a column to it, or load a returns list.' as reason
    from counted
    where counted.record_count > 0
),
hours as (
    select
        5 as finding_no, 'unclear hour' as finding, records.time_note as subject, count(*) as record_count,
        case records.time_note
            when 'ambiguous' then 'This hour happened twice when clocks went back; the first is assumed.'
            else 'The hour did not exist when clocks went forward; the time is moved forward.'
        end as reason
    from raw.records as records
    where records.time_note is not null
    group by records.time_note
),
conflicts as (
    select
        6 as finding_no, 'id with several contents' as finding, said.firm_id as subject, count(*) as record_count,
        'The export gave one id to different records, and each counts as an event. Check its column of ids.' as reason
    from (
        select sets.firm_id
        from raw.records as records
        join raw.attribute_sets as sets using (file_no, set_no)
        where records.source_event_id is not null
        group by sets.firm_id, records.source_event_id
        having min(records.content_hash) <> max(records.content_hash)
    ) as said
    group by said.firm_id
),
repeats as (
    select
        7 as finding_no, 'repeated lines' as finding, files.file_name as subject, count(*) as record_count,
        'Equal lines of one file, and each counts as an event. If its export repeats lines, write repeats = "copies" under '
        || 'its [[source]], and load the file again.' as reason,
        files.file_id
    from raw.occurrences as occurrences
    join raw.file_numbers as numbers using (file_no)
    join raw.files as files using (file_id)
    where occurrences.occurrence_no > 1 and occurrences.source_event_id is null
    group by files.file_name, files.file_id
),
moments as (
    select
        events.return_key, events.label_no, events.event_at, events.file_no, events.row_no,
        date_trunc('minute', events.event_at) as minute
    from model.numbered_events as events
),
-- In a log with seconds, one event may be at the beginning of a minute and the next in it: of such a log no second is missing.
without_seconds as (
    select records.file_no
    from raw.records as records
    group by records.file_no
    having bool_and(records.event_at = date_trunc('minute', records.event_at))
),
-- Few logs have no seconds, so their events are looked up.
to_the_minute as (
    select moments.*, records.subject, records.actor
    from moments
    join (select moments.* from moments where moments.event_at > moments.minute) as precise
        on precise.return_key = moments.return_key
        and precise.label_no = moments.label_no
        and precise.minute = moments.minute
    join raw.records as records
        on records.return_key = moments.return_key
        and records.file_no = moments.file_no
        and records.row_no = moments.row_no
    join raw.records as others
        on others.return_key = precise.return_key
        and others.file_no = precise.file_no
        and others.row_no = precise.row_no
        and others.subject is not distinct from records.subject
        and others.actor is not distinct from records.actor
    where moments.file_no in (select without_seconds.file_no from without_seconds)
),
seconds as (
    select
        8 as finding_no, 'missing seconds' as finding, files.file_name as subject,
        count(distinct to_the_minute.row_no) as record_count,
        'These events are there with seconds too, and each counts. Keep the exports with seconds, and purge those without: '
        || 'returntrail purge --file.' as reason,
        files.file_id
    from to_the_minute
    join raw.file_numbers as numbers using (file_no)
    join raw.files as files using (file_id)
    group by files.file_name, files.file_id
),
products as (
    select
        20 as finding_no, 'web hook of another product' as finding, hooks.product as subject, count(*) as record_count,
        'These are no tax returns: they are counted and not loaded.' as reason
    from raw.webhook as hooks
    where hooks.body = 'other'
    group by hooks.product
),
hooks as (
    select
        21 as finding_no, about.finding, about.subject, count(*) as record_count,
        'The report web_hooks_to_check lists each of them, and what to do.' as reason
    from (
        select
            hooks.finding,
            case when hooks.finding in ('status without event', 'event without status') then hooks.subject else hooks.firm_id end as subject
        from unsorted.web_hooks_to_check() as hooks
    ) as about
    group by about.finding, about.subject
),
findings as (
    from files
    union all by name from without_events
    union all by name from unknown_forms
    union all by name from missing
    union all by name from hours
    union all by name from conflicts
    union all by name from repeats
    union all by name from seconds
    union all by name from products
    union all by name from hooks
)
select
    finding,            -- file: a row of the ledger. register without events, unknown form, missing attribute, unclear hour,
                        -- id with several contents, repeated lines, missing seconds, web hook of another product, signature of
                        -- no return, status without event, event without status, return only in web hooks.
    subject,            -- The file's name, the firm, the spelling, the attribute, ambiguous or shifted, or what web hooks are about.
    record_count,       -- Records of the file; of other findings, the number of returns, events or ids.
    reason,             -- Why a file was refused, or a remark about it; of other findings, what to do.
    source,
    kind,
    state,
    kept_count,
    quarantined_count,
    purged_count,
    distinct_count,
    repeated_count,
    later_count,
    redacted_count,
    unmapped_columns,
    loaded_at,
    file_id             -- The loaded file, a row of raw.files; null for findings that are not about one file.
from findings
order by finding_no, loaded_at desc nulls last, subject nulls last, file_id
