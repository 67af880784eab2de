-- The attributes of a return that the rows of the logs repeat: one row per return, file and set of values, numbered from
-- the oldest. Repeated events count too, since a newer export may repeat an old event with a corrected client name.
--
-- key: firm_id, return_id, saying_no
with said as (
    select
        events.firm_id, events.return_id, events.file_id, events.client_id, events.client_name, events.group_name,
        events.tax_year, events.return_type, events.is_joint, events.office, events.partner, events.ero_signer,
        events.preparer, events.due_date, events.is_extended,
        max(events.event_at) as said_at,
        max(place_in_file(events.event_at, events.row_no)) as place
    from raw.events as events
    join raw.build as build on events.event_at <= build.as_of
    group by
        events.firm_id, events.return_id, events.file_id, events.client_id, events.client_name, events.group_name,
        events.tax_year, events.return_type, events.is_joint, events.office, events.partner, events.ero_signer,
        events.preparer, events.due_date, events.is_extended
),
files as (
    select file_id, max(said_at) as newest_at
    from said
    group by file_id
),
numbered as (
    select
        said.firm_id, said.return_id, said.client_id, said.client_name, said.group_name, said.tax_year,
        said.return_type, said.is_joint, said.office, said.partner, said.ero_signer, said.preparer, said.due_date,
        said.is_extended,
        row_number() over (
            partition by said.firm_id, said.return_id
            order by
                files.newest_at nulls last,
                said.said_at nulls last,
                said.file_id nulls last,
                said.place nulls last
        ) as saying_no
    from said
    join files using (file_id)
)
select
    firm_id,
    return_id,
    saying_no,      -- 1 for the oldest; the value with the largest number counts.
    client_id,
    client_name,
    group_name,
    tax_year,
    return_type,
    is_joint,
    office,
    partner,
    ero_signer,
    preparer,
    due_date,
    is_extended
from numbered
