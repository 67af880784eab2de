-- What `returntrail verify` finds in the ledger of a warehouse, compared with its tables and with the store.
-- $ledgers is the ledger of the store as JSON, $parts and $refusals are the files that have a part or a refusal;
-- a part that is damaged, which is another finding, is in $parts only.
with store_ledger as (
    select unnest(
        from_json(
            $ledgers,
            '[{
                "file_id": "varchar", "path": "varchar", "record_count": "bigint", "kept_count": "bigint",
                "quarantined_count": "bigint", "purged_count": "bigint"
            }]'
        ),
        recursive := true
    )
),

record_counts as (
    select files.file_id, count(*) as record_count
    from raw.records
    join raw.file_numbers as files using (file_no)
    group by files.file_id
    union all
    select file_id, count(*) as record_count
    from raw.returns
    group by file_id
    union all
    select file_id, count(*) as record_count
    from raw.webhook
    group by file_id
),

quarantine_counts as (
    select file_id, count(*) as record_count
    from raw.quarantine
    group by file_id
),

files as (
    select
        files.*,
        coalesce(records.record_count, 0) as found_count,
        coalesce(quarantine.record_count, 0) as bad_count,
        list_transform(
            list_filter(
                [
                    {'name': 'record_count', 'own': files.record_count, 'other': ledger.record_count},
                    {'name': 'kept_count', 'own': files.kept_count, 'other': ledger.kept_count},
                    {'name': 'quarantined_count', 'own': files.quarantined_count, 'other': ledger.quarantined_count},
                    {'name': 'purged_count', 'own': files.purged_count, 'other': ledger.purged_count}
                ],
                lambda counted: counted.own <> counted.other
            ),
            lambda counted:
                format('{} is {} in the warehouse and {} in the ledger', counted.name, counted.own, counted.other)
        ) as wrong_counts,
        'warehouse.duckdb, raw.files, ' || files.file_id as place,
        'Type `returntrail build`; the store has all that it needs.' as rebuild
    from raw.files as files
    left join store_ledger as ledger on ledger.file_id = files.file_id
    left join record_counts as records on records.file_id = files.file_id
    left join quarantine_counts as quarantine on quarantine.file_id = files.file_id
),

-- 0 is first, because a build settles it. 1 to 3 compare with the store, 4 to 6 are sums and counts, 7 to 9 are notes.
findings as (
    select found.*, file_name, file_id
    from files, lateral (values
        (
            1, state = 'refused' and not list_contains($parts || $refusals, file_id),
            'warning', 'store/refused/' || file_id || '.json',
            'The warehouse has this refusal, but the store does not. ' || rebuild
        ),
        (
            2, state = 'loaded' and not list_contains($parts, file_id),
            'damage', 'store/' || file_id,
            'The warehouse has records of this file, but its part is missing. '
                || 'Load the file again, or build without it.'
        ),
        (
            3, state = 'loaded' and list_contains($parts, file_id) and len(wrong_counts) > 0,
            'warning', place,
            array_to_string(wrong_counts, ', ') || '. ' || rebuild
        ),
        (
            4, state = 'loaded' and record_count <> kept_count + quarantined_count + purged_count,
            'damage', place,
            'Its kept, quarantined and purged records do not add up to all of its records. ' || rebuild
        ),
        (
            5, state = 'loaded' and (found_count <> kept_count or bad_count <> quarantined_count),
            'damage', place,
            format(
                'The tables have {} records and {} quarantined records, not {} and {}. ',
                found_count, bad_count, kept_count, quarantined_count
            ) || rebuild
        ),
        (
            6, state = 'loaded' and kind = 'events'
                and coalesce(distinct_count + repeated_count + later_count, -1) <> kept_count,
            'damage', place,
            'Its distinct, repeated and later records do not add up to its kept records. ' || rebuild
        ),
        (
            7, later_count > 0,
            'note', coalesce(file_name, file_id),
            format(
                '{} events are left out: they are later than {}.',
                later_count, coalesce((select as_of from raw.build) || ' UTC', 'every load')
            )
        ),
        (
            8, quarantined_count > 0,
            'note', coalesce(file_name, file_id),
            format(
                '{} of {} records were quarantined; Data health lists the reasons.',
                quarantined_count, record_count
            )
        ),
        (
            9, state = 'refused',
            'note', coalesce(file_name, file_id),
            'Refused: ' || coalesce(reason, 'no reason is stored.')
        )
    ) as found (number, applies, severity, subject, finding)
    where applies
    union all
    select 0, true, 'note', path, 'It is newer than the warehouse. Type `returntrail build`.', path, file_id
    from store_ledger
    anti join raw.files using (file_id)
)

select severity, subject, finding
from findings
order by number, file_name, file_id
