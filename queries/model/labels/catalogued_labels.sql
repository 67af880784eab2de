-- The rows of ref.labels, split into parts like the labels of the logs, so that both can be compared part by part. One row
-- per row of ref.labels.
--
-- check: kind_count >= 1
with catalogue as (
    select
        labels.tab,
        labels.label,
        labels.code,
        case when labels.recipient = 'k1_partner' then labels.recipient end as recipient,
        case lowered(coalesce(labels.status, ''))
            when 'opened' then 'open'
            when 'bounce' then 'bounced'
            else lowered(coalesce(labels.status, ''))
        end as status_word,
        parts.core,
        parts.core_lower,
        parts.kind
    from ref.labels as labels
    join model.label_parts as parts on parts.words = labels.pattern
),
kinds as (
    select
        tab,
        core_lower,
        count(distinct kind) as kind_count
    from catalogue
    group by tab, core_lower
)
select
    catalogue.tab,
    catalogue.label,
    catalogue.code,
    catalogue.recipient,    -- k1_partner if the row says so; any other recipient is in the label itself.
    catalogue.status_word,  -- The status in lower case, Opened as open and Bounce as bounced; an empty text for any.
    catalogue.core,
    catalogue.core_lower,
    catalogue.kind,
    kinds.kind_count        -- How many kinds of recipients have this label; if one, it needs no prefix.
from catalogue
join kinds using (tab, core_lower)
