-- How many returns have come to the firm, moved on in it, left it or become overdue since the working day before. One row per
-- change that there is.
--
-- key: change
-- filters: firms, offices, partners, types, years
-- access: counts
select
    change,
    count(*) as return_count -- Returns with this change.
from unsorted.changed_returns(
    for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
    for_types := for_types, for_years := for_years
)
group by change
order by change
