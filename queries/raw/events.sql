-- The loaded logs: one row per record, as logged. Every kind of export is mapped to these columns.
--
-- key: file_id, row_no
-- view: a table would only repeat raw.records
with texts as (
    select
        records.*,
        labels.tab,
        labels.pattern,
        worded(labels.pattern, records.subject) as tidied_label,
        nullif(labels.logged_status, '') as status
    from raw.records as records
    join raw.label_texts as labels using (label_no)
)
select
    sets.firm_id,
    sets.return_id,
    texts.tab,
    label_as_logged(
        texts.logged_label, texts.pattern, texts.subject
    ) as label,             -- The label as logged, SSNs and ITINs replaced by [TIN]; the text
                            -- null is a real label.
    texts.pattern,
    texts.subject,
    texts.status,           -- The sub-status as logged, if the export has a column for it.
    text_of_time(
        texts.event_time, texts.event_at, texts.utc_minutes, texts.format_no
    ) as event_time,        -- The time as logged, text.
    texts.event_at,
    texts.event_on,
    texts.time_note,
    texts.actor,
    texts.recipient_email,
    texts.ip_address,
    texts.source_event_id,
    texts.detail,
    sets.client_id,
    sets.client_name,       -- The client, as logged with this event.
    sets.group_name,
    sets.tax_year,
    sets.return_type,
    sets.is_joint,
    sets.office,
    sets.partner,
    sets.ero_signer,
    sets.preparer,
    sets.due_date,
    sets.is_extended,
    texts.extra,
    files.file_id,
    texts.row_no,
    coalesce(occurrences.occurrence_no, 1) as occurrence_no, -- How often this content has occurred in the file so far, from 1.
    md5(
        concat(
            sets.firm_id, chr(0), sets.return_id, chr(0), texts.tab, chr(0), texts.tidied_label, chr(0), texts.status, chr(0),
            epoch_us(texts.event_at), chr(0), texts.actor, chr(0), texts.recipient_email, chr(0), texts.detail
        )
    ) as row_hash           -- A hash (md5) of firm, return, tab, tidied label, status, UTC time, actor, email and detail.
from texts
-- The return is in the set; joining by its key too makes the search for one return fast.
join raw.attribute_sets as sets
    on sets.file_no = texts.file_no
    and sets.set_no = texts.set_no
    and sets.return_key = texts.return_key
join raw.file_numbers as files on files.file_no = texts.file_no
left join raw.occurrences as occurrences
    on occurrences.file_no = texts.file_no
    and occurrences.row_no = texts.row_no
