-- Every distinct event up to as_of in the order of its return, over both tabs, with the delivery it belongs to. Recalls and
-- reprocessings appear on both tabs: one at most ten minutes after the one before, with no deliver event between, is its
-- copy. So is a status in a web hook within ten minutes of the event that says the same, if no other such status is nearer
-- to that event. One row per event, without words; model.events has them.
--
-- key: return_key, event_no
-- by: return
-- check: cycle_no >= 1
with
-- Of records with equal content, copies are left out; the others are in the order of their occurrence, file and row.
equals as (
    select
        occurrences.file_no,
        occurrences.row_no,
        copies.copy_no is not null as is_copy,
        row_number() over (
            partition by occurrences.return_key, occurrences.event_at, occurrences.content_hash
            order by occurrences.occurrence_no nulls last, files.file_id nulls last, occurrences.row_no nulls last
        ) as equal_no
    from raw.occurrences as occurrences
    join raw.file_numbers as files using (file_no)
    left join model.repeated_records as copies using (file_no, row_no)
),
-- Labels with equal text before their first quote are in the order of the rest. Few of them are of one moment, and numbers
-- sort faster.
tied as (
    select records.return_key, records.event_at
    from raw.records as records
    join model.labels as labels using (label_no)
    where labels.words like '%"%'
    group by records.return_key, records.event_at
    having count(*) > 1
),
quoting as (
    select
        records.file_no,
        records.row_no,
        dense_rank() over (
            partition by records.return_key, records.event_at, labels.order_no
            order by worded(labels.words, records.subject) nulls last
        ) as quoted_no
    from raw.records as records
    join model.labels as labels using (label_no)
    join tied using (return_key, event_at)
    where labels.words like '%"%'
),
kept as (
    select
        records.return_key,
        records.event_at,
        records.event_on,
        records.label_no,
        records.file_no,
        records.row_no,
        records.content_hash,
        labels.order_no,
        quoting.quoted_no,
        equals.equal_no
    from raw.records as records
    join model.labels as labels using (label_no)
    left join quoting using (file_no, row_no)
    left join equals using (file_no, row_no)
    where records.event_at <= (select build.as_of from raw.build as build)
        and not coalesce(equals.is_copy, false)
    union all
    select
        signatures.return_key,
        signatures.seen_at as event_at,
        signatures.event_on,
        signatures.label_no,
        signatures.file_no,
        signatures.row_no,
        null as content_hash,
        labels.order_no,
        null as quoted_no,
        null as equal_no
    from model.joined_signatures as signatures
    join model.returns as returns using (return_key)
    join model.labels as labels using (label_no)
    -- The build also looks back, with the signatures of now.
    where signatures.seen_at <= (select build.as_of from raw.build as build)
),
-- What web hooks say too.
told as (
    select
        kept.return_key, kept.event_at, kept.file_no, kept.row_no, labels.is_web_hook,
        case when labels.is_deliver then 'delivered' else labels.code end as code
    from kept
    join model.labels as labels using (label_no)
    where labels.is_deliver or labels.code in ('return_recalled', 'files_uploaded')
),
matched as (
    select
        hooks.file_no, hooks.row_no,
        hooks.code = 'return_recalled' and events.event_at <= hooks.event_at as is_late_recall,
        row_number() over (
            partition by events.file_no, events.row_no
            order by
                abs(seconds_between(events.event_at, hooks.event_at)) nulls last,
                hooks.event_at nulls last,
                hooks.file_no nulls last,
                hooks.row_no nulls last
        ) as place
    from told as hooks
    join told as events using (return_key, code)
    where hooks.is_web_hook and not events.is_web_hook
        and events.event_at >= hooks.event_at - interval '10' minute
        and events.event_at <= hooks.event_at + interval '10' minute
),
-- The statuses that are copies; a recall before the event that it is a copy of does not end the delivery yet.
hook_copies as (
    select file_no, row_no, bool_or(is_late_recall) as is_late_recall
    from matched
    where place = 1
    group by file_no, row_no
),
turns as (
    select
        kept.file_no,
        kept.row_no,
        kept.return_key,
        kept.event_at,
        labels.code,
        row_number() over in_order as turn_no,
        sum(case when labels.is_deliver then 1 else 0 end) over in_order as deliver_count
    from kept
    join model.labels as labels using (label_no)
    left join hook_copies using (file_no, row_no)
    where hook_copies.is_late_recall is null
        and (labels.is_deliver or labels.code in ('return_recalled', 'return_reprocessed'))
    window in_order as (
        partition by kept.return_key
        order by
            kept.event_at nulls last,
            kept.order_no nulls last,
            kept.quoted_no nulls last,
            kept.content_hash nulls last,
            kept.equal_no nulls last
        rows between unbounded preceding and current row
    )
),
compared as (
    select
        file_no, row_no, event_at, code, deliver_count,
        lag(event_at) over (partition by return_key, code order by turn_no nulls last) as same_before_at,
        lag(deliver_count) over (partition by return_key, code order by turn_no nulls last) as deliver_count_before
    from turns
    where code in ('return_recalled', 'return_reprocessed')
),
marked as (
    select
        file_no,
        row_no,
        code = 'return_recalled' as is_recall,
        coalesce(
            event_at <= same_before_at + interval '10' minute and deliver_count = deliver_count_before,
            false
        ) as is_repeat
    from compared
),
numbered as (
    select
        kept.return_key,
        kept.event_at,
        kept.event_on,
        kept.label_no,
        kept.file_no,
        kept.row_no,
        coalesce(marked.is_repeat, hook_copies.is_late_recall is not null) as is_repeat,
        row_number() over in_order as event_no,
        1 + cast(sum(case when marked.is_recall and not marked.is_repeat then 1 else 0 end) over in_order as integer)
            - case when marked.is_recall or hook_copies.is_late_recall then 1 else 0 end
        as cycle_no
    from kept
    left join marked using (file_no, row_no)
    left join hook_copies using (file_no, row_no)
    window in_order as (
        partition by kept.return_key
        order by
            kept.event_at nulls last,
            kept.order_no nulls last,
            kept.quoted_no nulls last,
            kept.content_hash nulls last,
            kept.equal_no nulls last
        rows between unbounded preceding and current row
    )
)
select
    return_key,
    event_no,   -- The order among all events of the return, on both tabs, from 1.
    cycle_no,   -- 1 for the first delivery, one more after each recall; a recall belongs to the cycle it ends.
    event_at,
    event_on,
    label_no,
    is_repeat,  -- A copy of what the other tab or another source shows too; it is not counted.
    file_no,
    row_no
from numbered
