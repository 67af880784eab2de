-- What each label means: one row per distinct tab, pattern and status as logged, so that rules are applied to a few
-- thousand texts and not to every event. The best match wins: the complete label before one without its status, then the
-- label's own kind of recipient, then the exact case, then a row for the status before a row for any.
--
-- key: label_no
-- check: code is not null
-- check: recipient in ('taxpayer', 'spouse', 'cc', 'k1_partner') or recipient is null
with candidates as (
    select
        readings.tab,
        readings.pattern,
        readings.logged_status,
        readings.reading_no,
        catalogue.code,
        catalogue.recipient,
        row_number() over (
            partition by readings.tab, readings.pattern, readings.logged_status
            order by
                readings.reading_no nulls last,
                case when catalogue.kind = parts.kind then 0 else 1 end nulls last,
                case when catalogue.core = parts.core then 0 else 1 end nulls last,
                case when catalogue.status_word = readings.status_word then 0 else 1 end nulls last,
                catalogue.label nulls last,
                catalogue.code nulls last
        ) as place
    from model.label_readings as readings
    join model.label_parts as parts using (words)
    join model.catalogued_labels as catalogue
        on catalogue.tab = readings.tab
        and catalogue.core_lower = parts.core_lower
        and catalogue.status_word in (readings.status_word, '')
    where catalogue.kind = parts.kind
        or (parts.kind <> 'none' and catalogue.kind = 'none')
        or (parts.kind = 'none' and catalogue.kind_count = 1)
),
best as (
    select tab, pattern, logged_status, reading_no, code, recipient from candidates where place = 1
),
last_readings as (
    select tab, pattern, logged_status, max(reading_no) as reading_no
    from model.label_readings
    group by tab, pattern, logged_status
)
select
    row_number() over (
        order by readings.tab nulls last, readings.pattern nulls last, readings.logged_status nulls last
    ) as label_no,      -- A number for the next three columns, so that events carry one number instead of three texts.
    readings.tab,
    readings.pattern,
    readings.logged_status,
    readings.words,     -- The label without its status, quoted text as "...".
    case when readings.status <> '' then readings.status end as status, -- The status, as logged; null for none.
    coalesce(best.code, 'unclassified') as code, -- Our name for it; unclassified if no row of ref.labels matches.
    coalesce(codes.rank, 180) as rank, -- The order among events of the same moment, smallest first.
    coalesce(parts.recipient, best.recipient) as recipient -- Whom the label names: taxpayer, spouse, cc or k1_partner;
                        -- null if it names nobody.
from last_readings
left join best using (tab, pattern, logged_status)
join model.label_readings as readings
    on readings.tab = last_readings.tab
    and readings.pattern = last_readings.pattern
    and readings.logged_status = last_readings.logged_status
    and readings.reading_no = coalesce(best.reading_no, last_readings.reading_no)
join model.label_parts as parts using (words)
left join ref.codes as codes on codes.code = coalesce(best.code, 'unclassified')
