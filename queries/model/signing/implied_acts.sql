-- Who probably did an act of a joint return that names nobody: the one signer who accessed within two hours before. Not so
-- if the other signer, or somebody who is not named, accessed within these two hours, or if a second such act followed the
-- same access. One row per act; it is never shown as logged.
--
-- key: return_key, event_no
-- by: return
-- check: signer in ('taxpayer', 'spouse')
with acts as (
    select return_key, cycle_no, event_no, event_at, code, signer
    from model.delivery_acts
    where is_required and code in ('return_accessed', 'kba_passed', 'efile_esigned')
),
following as (
    select
        acts.return_key,
        acts.cycle_no,
        acts.event_no,
        acts.event_at,
        acts.code,
        accesses.signer,
        accesses.event_at as accessed_at,
        count(*) over (partition by acts.return_key, accesses.event_no, acts.code) as act_count
    from acts
    join acts as accesses using (return_key, cycle_no)
    where acts.signer is null
        and acts.code <> 'return_accessed'
        and accesses.code = 'return_accessed'
        and accesses.event_no < acts.event_no
        and seconds_between(accesses.event_at, acts.event_at) <= 7200
),
single as (
    select
        return_key,
        cycle_no,
        event_no,
        code,
        min(signer) as signer,
        min(event_at) as event_at,
        max(accessed_at) as accessed_at
    from following
    group by return_key, cycle_no, event_no, code
    having max(act_count) = 1
),
others as (
    select single.return_key, single.event_no, count(*) as access_count
    from single
    join acts as accesses using (return_key, cycle_no)
    where accesses.code = 'return_accessed'
        and coalesce(accesses.signer <> single.signer, true)
        and seconds_between(accesses.event_at, single.event_at) <= 7200
        and seconds_between(single.accessed_at, accesses.event_at) <= 7200
    group by single.return_key, single.event_no
)
select
    single.return_key,
    single.event_no,
    single.cycle_no,
    single.signer,          -- Who accessed before the act.
    single.accessed_at      -- Their last access before it (UTC).
from single
left join others using (return_key, event_no)
where others.access_count is null and single.signer is not null
