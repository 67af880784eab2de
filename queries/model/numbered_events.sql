-- One row per distinct event not later than as_of, classified and numbered within its return over both tabs.
with kept as (
    select
        events.firm_id,
        events.return_id,
        events.event_at,
        events.event_on,
        events.tab,
        labels.code,
        replace(labels.words, '"..."', '"' || coalesce(events.subject, '') || '"') as label,
        coalesce(events.status, labels.status) as status,
        labels.recipient,
        events.subject,
        events.actor,
        events.recipient_email,
        events.file_id,
        events.row_no,
        events.row_hash,
        events.occurrence_no,
        coalesce(codes.rank, 180) as rank
    from raw.events as events
    join raw.build as build on events.event_at <= build.as_of
    join model.labels as labels
        on labels.tab = events.tab
        and labels.pattern = events.pattern
        and labels.logged_status = coalesce(events.status, '')
    left join ref.codes as codes on codes.code = labels.code
    left join model.repeated_records as copies
        on copies.file_id = events.file_id
        and copies.row_no = events.row_no
    where copies.row_no is null
),
numbered as (
    select
        firm_id, return_id, event_at, event_on, tab, code, label, status, recipient, subject, actor, recipient_email,
        file_id, row_no,
        row_number() over (
            partition by firm_id, return_id
            order by
                event_at nulls last,
                rank nulls last,
                label nulls last,
                row_hash nulls last,
                occurrence_no nulls last,
                file_id nulls last,
                row_no nulls last
        ) as event_no
    from kept
)
select
    firm_id,
    return_id,
    event_no,       -- The place among all events of the return, on both tabs, from 1.
    event_at,
    event_on,
    tab,
    code,           -- Our name for the label and status; unclassified where no rule knows them.
    label,          -- The event's words as logged, tidied, without the status; SSNs and ITINs replaced by [TIN].
    status,         -- The status, from its own column or the end of the label; null for none.
    recipient,      -- Whom the label names: taxpayer, spouse, cc or k1_partner; null where it names nobody.
    subject,
    actor,
    recipient_email,
    file_id,
    row_no
from numbered
