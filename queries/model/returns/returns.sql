-- The number of each return that has events up to as_of: models join returns by one number in place of two texts. Two
-- returns with one number would be mixed up, so a build with two such returns fails. One row per return.
--
-- key: firm_id, return_id
-- by: return
-- check: sharing_count = 1
with known as (
    select
        sets.return_key,
        sets.firm_id,
        sets.return_id
    from raw.attribute_sets as sets
    group by sets.return_key, sets.firm_id, sets.return_id
),
begun as (
    select records.return_key
    from raw.records as records
    where records.event_at <= (select build.as_of from raw.build as build)
    group by records.return_key
)
select
    known.firm_id,
    known.return_id,
    known.return_key,
    count(*) over (partition by known.return_key) as sharing_count -- Returns with this number: always 1.
from known
join begun using (return_key)
