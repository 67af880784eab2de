-- What each label means: one row per distinct tab, pattern and status as logged, so that rules are applied to a few
-- thousand texts and not to every event. The best match wins: the complete label before one without its status, then the
-- label's own kind of recipient, then the exact case, then a row for the status before a row for any.
--
-- key: label_no
-- check: code is not null
-- check: title is not null
-- check: recipient in ('taxpayer', 'spouse', 'cc', 'k1_partner') or recipient is null
with endings as (
    select
        label_no,
        tab,
        pattern,
        logged_status,
        case
            when logged_status = '' then extracted(
                lowered(pattern),
                '( ?[-–—:/] ?| ?[(\[] ?| )'
                || '(processed|delivered|opened|open|bounced|bounce|recalled|reprocessed) ?[)\]]?$'
            )
            else ''
        end as ending
    from raw.label_texts
),
-- The ways to read a label: 1 complete, and 2, if its row has no status, without a status word at its end.
readings as (
    select
        label_no,
        tab,
        1 as reading_no,
        pattern as words,
        squeezed(logged_status) as status
    from endings
    union all
    select
        label_no,
        tab,
        2 as reading_no,
        substring(pattern, 1, length(pattern) - length(ending)) as words,
        extracted(substring(pattern, length(pattern) - length(ending) + 1), '[A-Za-z]+') as status
    from endings
    where ending <> '' and length(ending) < length(pattern)
),
-- The labels of the logs and of ref.labels, without the prefix that names a recipient.
wordings as (
    select words from readings
    union
    select pattern as words from ref.labels
),
prefixed as (
    select
        words,
        case
            when lowered(split_part(words, ': ', 1)) in ('taxpayer', 'spouse', 'ccrecipient') and words like '%: %'
                then lowered(split_part(words, ': ', 1))
            else ''
        end as prefix
    from wordings
    where words is not null
),
parted as (
    select
        words,
        prefix,
        case when prefix = '' then words else substring(words, length(prefix) + 3) end as rest
    from prefixed
),
parts as (
    select
        words,
        case
            when prefix <> '' and lowered(rest) like prefix || ' %' then substring(rest, length(prefix) + 2)
            else rest
        end as core,
        case prefix when '' then 'none' when 'ccrecipient' then 'cc' else 'signer' end as kind,
        case prefix when '' then null when 'ccrecipient' then 'cc' else prefix end as recipient
    from parted
),
catalogued as (
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
        lowered(parts.core) as core_lower,
        parts.kind
    from ref.labels as labels
    join parts on parts.words = labels.pattern
),
-- If only one kind of recipient has a label, it needs no prefix.
kinds as (
    select
        tab,
        core_lower,
        count(distinct kind) as kind_count
    from catalogued
    group by tab, core_lower
),
spoken as (
    select
        readings.label_no,
        readings.tab,
        readings.reading_no,
        readings.words,
        readings.status,
        case lowered(readings.status)
            when 'opened' then 'open'
            when 'bounce' then 'bounced'
            else lowered(readings.status)
        end as status_word,
        parts.core,
        parts.kind,
        parts.recipient
    from readings
    join parts using (words)
),
candidates as (
    select
        spoken.label_no,
        spoken.reading_no,
        catalogued.code,
        catalogued.recipient,
        row_number() over (
            partition by spoken.label_no
            order by
                spoken.reading_no nulls last,
                case when catalogued.kind = spoken.kind then 0 else 1 end nulls last,
                case when catalogued.core = spoken.core then 0 else 1 end nulls last,
                case when catalogued.status_word = spoken.status_word then 0 else 1 end nulls last,
                catalogued.label nulls last,
                catalogued.code nulls last
        ) as place
    from spoken
    join catalogued
        on catalogued.tab = spoken.tab
        and catalogued.core_lower = lowered(spoken.core)
        and catalogued.status_word in (spoken.status_word, '')
    join kinds
        on kinds.tab = catalogued.tab
        and kinds.core_lower = catalogued.core_lower
    where catalogued.kind = spoken.kind
        or (spoken.kind <> 'none' and catalogued.kind = 'none')
        or (spoken.kind = 'none' and kinds.kind_count = 1)
),
best as (
    select label_no, reading_no, code, recipient from candidates where place = 1
),
last_readings as (
    select label_no, max(reading_no) as reading_no
    from readings
    group by label_no
),
coded as (
    select
        spoken.label_no,
        spoken.words,
        spoken.status,
        coalesce(best.code, 'unclassified') as code,
        coalesce(spoken.recipient, best.recipient) as recipient
    from last_readings
    left join best using (label_no)
    join spoken
        on spoken.label_no = last_readings.label_no
        and spoken.reading_no = coalesce(best.reading_no, last_readings.reading_no)
)
select
    coded.label_no,
    texts.tab,
    texts.pattern,
    texts.logged_status,
    coded.words,        -- The label without its status, quoted text as "...".
    case when coded.status <> '' then coded.status end as status, -- The status, as logged; null for none.
    coded.code,         -- Our name for it; unclassified if no row of ref.labels matches.
    codes.title,
    coded.recipient,    -- Whom the label names: taxpayer, spouse, cc or k1_partner; null if it names nobody.
    case
        when coded.code like 'initial_email_%' then 'initial'
        when coded.code like 'code_email_%' then 'access_code'
        when coded.code like 'cc_email_%' then 'cc'
    end as mail_kind,   -- initial (with the access link), access_code, or cc (to a third party); null if it is no email.
    case
        when coded.code like 'initial_email_%' or coded.code like 'code_email_%' or coded.code like 'cc_email_%'
            then split_part(coded.code, '_email_', 2)
    end as mail_status, -- processed, delivered, opened or bounced; null if it is no email.
    dense_rank() over (
        order by split_part(coded.code, '_email_', 1) nulls last, coded.recipient nulls last
    ) as mail_no,       -- Of emails, a number for the kind and the recipient.
    coded.code like 'delivered%' as is_deliver, -- The firm delivers the return.
    texts.tab = 'Internal' and coded.words like 'Web hook: %' as is_web_hook, -- A status in a web hook.
    codes.stage,
    dense_rank() over (
        order by
            coalesce(codes.rank, 180) nulls last,
            split_part(coded.words, '"', 1) || case when position('"' in coded.words) > 0 then '"' else '' end nulls last
    ) as order_no       -- The order among events of the same moment, smallest first: by rank and the text before a quote.
from coded
join raw.label_texts as texts using (label_no)
left join ref.codes as codes on codes.code = coded.code
