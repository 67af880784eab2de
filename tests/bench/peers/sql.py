"""The two answers in SQL for the peers that use SQL; each has its own table `events`."""

from tests.bench.peers.words import CODES, STEPS

FUNNEL = """
    with numbered as (
        select
            return_id, return_type, code, event_at,
            sum(case when code = 'recalled' then 1 else 0 end) over (
                partition by return_id order by event_at rows between unbounded preceding and current row
            ) - case when code = 'recalled' then 1 else 0 end as cycle_no
        from events
    ),
    deliveries as (
        select
            max(case when return_type like '1040%' then 1 else 0 end) as is_eligible,
            max(case when code in ('taxpayer email delivered', 'spouse email delivered') then 1 else 0 end)
                as email_delivered,
            max(case when code in ('taxpayer email opened', 'spouse email opened') then 1 else 0 end)
                as email_opened,
            max(case when code = 'link selected' then 1 else 0 end) as link_selected,
            max(case when code = 'accessed' then 1 else 0 end) as accessed,
            max(case when code = 'KBA passed' and return_type like '1040%' then 1 else 0 end) as kba_passed,
            max(case when code = 'picked up' then 1 else 0 end) as picked_up,
            max(case when code = 'uploaded' then event_at end) as uploaded_at,
            max(case when code = 'upload deleted' then event_at end) as deleted_at
        from numbered
        group by return_id, cycle_no
        having max(case when code = 'delivered' then 1 else 0 end) = 1
            and max(case when code = 'recalled' then 1 else 0 end) = 0
    ),
    signatures as (
        select
            *,
            case
                when picked_up = 1
                    or (uploaded_at is not null and (deleted_at is null or deleted_at < uploaded_at)) then 1
                else 0
            end as signed
        from deliveries
    ),
    furthest as (
        select
            *,
            case
                when picked_up = 1 then 8 when signed = 1 then 7 when kba_passed = 1 then 6
                when accessed = 1 then 5
                when link_selected = 1 then 4 when email_opened = 1 then 3 when email_delivered = 1 then 2
                else 1
            end as step_no
        from signatures
    )
    select
        count(*), sum(is_eligible),
        sum(email_delivered), sum(email_opened), sum(link_selected), sum(accessed), sum(kba_passed),
        sum(signed),
        sum(picked_up),
        sum(case when step_no >= 2 then 1 else 0 end), sum(case when step_no >= 3 then 1 else 0 end),
        sum(case when step_no >= 4 then 1 else 0 end), sum(case when step_no >= 5 then 1 else 0 end),
        sum(case when step_no >= 6 then is_eligible else 0 end),
        sum(case when step_no >= 7 then 1 else 0 end),
        sum(case when step_no >= 8 then 1 else 0 end)
    from furthest
"""

# {week} gives the Monday of a time as text.
BOUNCES = """
    with mail as (
        select
            return_id, code, event_at,
            case when code like 'spouse%' then 'spouse' else 'taxpayer' end as signer
        from events
        where code like '% email %'
    ),
    numbered as (
        select
            return_id, signer, code, event_at,
            sum(case when code like '% processed' then 1 else 0 end) over (
                partition by return_id, signer order by event_at
                rows between unbounded preceding and current row
            ) as message_no
        from mail
    ),
    messages as (
        select
            min(event_at) as sent_at,
            max(case when code like '% bounced' then event_at end) as bounced_at,
            max(case when code like '% delivered' or code like '% opened' then event_at end) as arrived_at
        from numbered
        where message_no > 0
        group by return_id, signer, message_no
    )
    select
        {week} as week,
        count(*) as sent,
        sum(case when bounced_at is not null and (arrived_at is null or arrived_at < bounced_at)
            then 1 else 0 end) as bounced
    from messages
    group by {week}
    order by week
"""


def codes_as_values() -> str:
    """The codes as rows of a `values` list."""
    quoted = [[f"'{text}'" for text in (*key, code)] for key, code in CODES.items()]
    return ", ".join(f"({', '.join(row)})" for row in quoted)


def funnel_rows(row: tuple) -> list[tuple[str, int, int, int]]:
    """The row of FUNNEL as one row per step."""
    counts = [int(value or 0) for value in row]
    everybody, eligible, logged, reached = (
        counts[0],
        counts[1],
        [counts[0], *counts[2:9]],
        [counts[0], *counts[9:]],
    )
    return [
        (step, eligible if step == "KBA passed" else everybody, logged[place], reached[place])
        for place, step in enumerate(STEPS)
    ]
