"""The three tables as a user of DuckDB makes them: one SQL statement a table, as the models of dbt."""

from pathlib import Path

import duckdb

from tests.bench.peers.words import FIRM_ZONE, TIME_FORMAT, catalogue

LOG = """
    create table log as
    select
        "Return ID" as return_id, split_part("Tab", ' ', 1) as tab, "Event" as label, "Status" as status,
        timezone('UTC', timezone($zone, "Date/Time")) as event_at,
        "User" as actor, "Email" as recipient_email,
        "Client ID" as client_id, "Client Name" as client_name, "Tax Year" as tax_year,
        "Return Type" as return_type, "Office" as office, "Partner" as partner, "ERO/Signer" as ero_signer,
        "Preparer" as preparer
    from read_csv(
        $files, header = true, delim = ',', quote = '"', all_varchar = true,
        types = {'Date/Time': 'timestamp', 'Tax Year': 'integer'}, timestampformat = $format
    )
"""
RETURNS = """
    create table returns as
    select
        return_id,
        any_value(columns(* exclude (return_id, tab, label, status, event_at, actor, recipient_email)))
    from log
    group by return_id
"""
EVENTS = """
    create table events as
    with once as (
        select distinct return_id, tab, label, status, event_at, actor, recipient_email from log
    ),
    spoken as (
        select *, lower(trim(split_part(replace(replace(label, chr(160), ' '), '“', '"'), '"', 1))) as words
        from once
    ),
    coded as (
        select spoken.* exclude (words), coalesce(labels.code, 'unclassified') as code, labels.recipient
        from spoken
        left join labels
            on labels.tab = spoken.tab
            and labels.words = spoken.words
            and labels.status = coalesce(spoken.status, '')
    ),
    turns as (
        select
            return_id, event_at, code,
            count(*) filter (code like 'delivered%') over (
                partition by return_id order by event_at
            ) as deliveries
        from coded
        where code in ('return_recalled', 'return_reprocessed') or code like 'delivered%'
    ),
    repeats as (
        select
            *,
            coalesce(
                event_at <= lag(event_at) over same + interval 10 minute
                    and deliveries = lag(deliveries) over same,
                false
            ) as is_repeat
        from turns
        where code not like 'delivered%'
        window same as (partition by return_id, code order by event_at)
    ),
    recalls as (
        select return_id, event_at, row_number() over (partition by return_id order by event_at) as recall_no
        from repeats
        where code = 'return_recalled' and not is_repeat
    )
    select
        coded.return_id, coded.event_at, coded.tab, coded.code, coded.label, coded.status, coded.recipient,
        coded.actor, coded.recipient_email,
        coalesce(repeats.is_repeat, false) as is_repeat,
        coalesce(recalls.recall_no, 0)
            + case when repeats.is_repeat and coded.code = 'return_recalled' then 0 else 1 end as cycle_no
    from coded
    asof left join recalls on recalls.return_id = coded.return_id and recalls.event_at < coded.event_at
    left join repeats
        on repeats.return_id = coded.return_id
        and repeats.event_at = coded.event_at
        and repeats.code = coded.code
    order by coded.return_id, coded.event_at
"""
MESSAGES = """
    create table messages as
    with mail as (
        select
            *,
            case split_part(code, '_email_', 1)
                when 'code' then 'access_code' else split_part(code, '_email_', 1)
            end as kind,
            split_part(code, '_email_', 2) as mail_status
        from events
        where contains(code, '_email_')
    ),
    grouped as (
        select
            return_id, kind, recipient,
            min(cycle_no) as cycle_no,
            min(event_at) as first_at,
            arg_min(recipient_email, event_at) as recipient_email,
            min(event_at) filter (mail_status = 'processed') as processed_at,
            min(event_at) filter (mail_status = 'delivered') as delivered_at,
            min(event_at) filter (mail_status = 'opened') as opened_at,
            min(event_at) filter (mail_status = 'bounced') as bounced_at,
            max(event_at) filter (mail_status = 'bounced') as last_bounced_at,
            max(event_at) filter (mail_status in ('delivered', 'opened')) as last_arrived_at
        from (
            select
                *,
                count(*) filter (mail_status = 'processed') over (
                    partition by return_id, kind, recipient order by event_at
                ) as message
            from mail
        )
        group by return_id, kind, recipient, message
    )
    select
        grouped.* exclude (first_at, last_bounced_at, last_arrived_at),
        row_number() over (partition by return_id order by first_at) as message_no,
        case
            when last_bounced_at > coalesce(last_arrived_at, '-infinity') then 'bounced'
            when opened_at is not null then 'opened'
            when delivered_at is not null then 'delivered'
            when processed_at < (select max(event_at) from events) - interval 24 hour then 'unconfirmed'
            else 'processed'
        end as state,
        returns.office, returns.partner, returns.return_type, returns.tax_year
    from grouped
    join returns using (return_id)
"""
DELIVERIES = """
    create table deliveries as
    with times as (
        select
            return_id, cycle_no,
            min(event_at) filter (code like 'delivered%') as delivered_at,
            arg_min(actor, event_at) filter (code like 'delivered%') as delivered_by,
            min(event_at) filter (code = 'initial_email_processed') as email_processed_at,
            min(event_at) filter (code = 'initial_email_delivered') as email_delivered_at,
            min(event_at) filter (code = 'initial_email_opened') as email_opened_at,
            min(event_at) filter (code = 'initial_email_bounced') as email_bounced_at,
            min(event_at) filter (code = 'link_selected') as link_selected_at,
            min(event_at) filter (code = 'return_accessed') as accessed_at,
            max(event_at) filter (code = 'return_accessed') as last_accessed_at,
            count(*) filter (code = 'authentication_failed') as authentication_failures,
            min(event_at) filter (code = 'access_locked') as locked_at,
            min(event_at) filter (code = 'kba_passed') as kba_passed_at,
            min(event_at) filter (code = 'files_uploaded') as sent_at,
            max(event_at) filter (code = 'uploads_deleted') as deleted_at,
            min(event_at) filter (code = 'efile_forms_downloaded_by_firm') as picked_up_at,
            max(event_at) filter (code = 'efile_forms_downloaded_by_firm') as last_picked_up_at,
            min(event_at) filter (code = 'return_recalled' and not is_repeat) as recalled_at
        from events
        group by return_id, cycle_no
        having delivered_at is not null
    ),
    signed as (
        select *, case when deleted_at is null or deleted_at < sent_at then sent_at end as uploaded_at
        from times
    )
    select
        signed.* exclude (sent_at, deleted_at),
        case
            when picked_up_at is not null then 'picked_up'
            when uploaded_at is not null then 'uploaded'
        end as signed_basis,
        case
            when picked_up_at is not null then 8
            when uploaded_at is not null then 7
            when kba_passed_at is not null and return_type like '1040%' then 6
            when accessed_at is not null then 5
            when link_selected_at is not null then 4
            when email_opened_at is not null then 3
            when email_delivered_at is not null then 2
            else 1
        end as furthest_step_no,
        returns.* exclude (return_id)
    from signed
    join returns using (return_id)
"""


def make(files: list[Path], folder: Path) -> None:
    """The tables, in a database file."""
    with duckdb.connect(folder / "script.duckdb", config={"memory_limit": "4GB"}) as database:
        columns = ", ".join(f"{name} varchar" for name in ("tab", "words", "status", "code", "recipient"))
        database.execute(f"create temp table labels ({columns})")
        database.executemany("insert into labels values (?, ?, ?, ?, ?)", catalogue())
        given = {"files": [str(file) for file in files], "zone": FIRM_ZONE, "format": TIME_FORMAT}
        database.execute(LOG, given)
        for statement in (RETURNS, EVENTS, MESSAGES, DELIVERIES):
            database.execute(statement)
