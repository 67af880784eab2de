-- Every text that ref.labels or a log uses as a label, split into the prefix that names a recipient, and the rest. One row
-- per text.
--
-- key: words
-- check: kind in ('signer', 'cc', 'none')
with split_labels as (
    select
        pattern,
        extracted(
            lowered(pattern),
            '( - |: | / | )(processed|delivered|opened|open|bounced|bounce|recalled|reprocessed)$'
        ) as ending
    from raw.events
    where status is null
    group by pattern
),
texts as (
    select pattern as words from raw.events
    union
    select pattern as words from ref.labels
    union
    select substring(pattern, 1, length(pattern) - length(ending)) as words from split_labels
),
prefixed as (
    select
        words,
        case
            when lowered(split_part(words, ': ', 1)) in ('taxpayer', 'spouse', 'ccrecipient') and words like '%: %'
                then lowered(split_part(words, ': ', 1))
            else ''
        end as prefix
    from texts
    where words is not null
),
parted as (
    select
        words,
        prefix,
        case when prefix = '' then words else substring(words, length(prefix) + 3) end as rest
    from prefixed
),
folded as (
    select
        words,
        case
            when prefix <> '' and lowered(rest) like prefix || ' %' then substring(rest, length(prefix) + 2)
            else rest
        end as core,
        case prefix when '' then 'none' when 'ccrecipient' then 'cc' else 'signer' end as kind,
        case prefix when '' then null when 'ccrecipient' then 'cc' else prefix end as recipient
    from parted
)
select
    words,          -- A tidied label, complete or without the status at its end.
    core,           -- The text after the prefix, without a repetition of the prefix.
    lowered(core) as core_lower, -- The same in lower case, for comparisons in any case.
    kind,           -- Whom the prefix is about: signer (Taxpayer, Spouse), cc, or none without a prefix.
    recipient       -- The prefix as a recipient: taxpayer, spouse or cc; null without a prefix.
from folded
