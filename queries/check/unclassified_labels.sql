-- The labels in `mapped`, the records of a file that is checked, which no rule matches, the most frequent first: rows
-- for reference/labels.csv, whose code changes nothing until a person replaces it, and the number of their events.
select
    labels.tab,
    null as recipient,
    labels.words as label,
    labels.status,
    labels.code,
    null as note,
    cast(count(*) as varchar) as events
from mapped
join model.labels as labels
    on labels.tab = mapped.tab
    and labels.pattern = mapped.pattern
    and labels.logged_status = coalesce(mapped.status, '')
where mapped.reason is null and labels.code = 'unclassified'
group by labels.tab, labels.words, labels.status, labels.code
order by count(*) desc, labels.tab, labels.words, labels.status nulls first
