-- Records that repeat another record, in the same file or in an overlapping export: one row per copy that is left out. Of
-- equal records, the one with the smallest file_id and row_no counts.
--
-- key: file_no, row_no
with numbered as (
    select
        occurrences.file_no,
        occurrences.row_no,
        files.file_id,
        row_number() over (
            partition by
                occurrences.return_key,
                occurrences.event_at,
                occurrences.content_hash,
                case
                    when occurrences.source_event_id is null then 'number ' || cast(occurrences.occurrence_no as string)
                    else 'id ' || occurrences.source_event_id
                end
            order by files.file_id nulls last, occurrences.row_no nulls last
        ) as copy_no
    from raw.occurrences as occurrences
    join raw.file_numbers as files using (file_no)
    join raw.build as build on occurrences.event_at <= build.as_of
)
select
    file_no,
    row_no,
    file_id,
    copy_no         -- 2 for the first copy of the record that counts.
from numbered
where copy_no > 1
