-- What became of emails: which arrived, were opened, bounced. One row per segment and kind of email. Emails that the log
-- never shows as processed stay out, those of recalled deliveries count. Each email stands with its last verdict, so
-- processed_count is the sum of delivered, bounced, unconfirmed and pending ones.
--
-- check: delivered_count + bounced_count + unconfirmed_count + pending_count = processed_count
-- check: opened_count <= delivered_count
-- param: since = null  First day of processing; open if not given.
-- param: until = null  Last day of processing, itself included; open if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week, month or mail_domain; one total if not given.
-- param: known_by = null  Counts only what had come by this moment (UTC), as the emails stood then; all if not given.
-- every: week
-- access: counts
with sent as (
    select
        case
            when split_by = 'mail_domain' then messages.mail_domain
            else segment_of(messages, messages.processed_week, messages.processed_month, split_by)
        end as segment,
        messages.kind,
        state_by(messages, known_by) as state
    from mart.messages as messages
    where messages.processed_at is not null
        and (known_by is null or messages.processed_at <= known_by)
        and asked_for(messages, for_firms, for_offices, for_partners, for_types, for_years)
        and during(messages.processed_on, since, until)
),
counted as (
    select
        segment,
        kind,
        count(*) as processed_count,
        count(*) filter (where state in ('delivered', 'opened')) as delivered_count,
        count(*) filter (where state = 'opened') as opened_count,
        count(*) filter (where state = 'bounced') as bounced_count,
        count(*) filter (where state = 'unconfirmed') as unconfirmed_count,
        count(*) filter (where state = 'processed') as pending_count
    from sent
    group by segment, kind
)
select
    segment,                                                        -- The part of the split; null for the total, and where there is no value.
    kind,                                                           -- initial, access_code or cc (the client forwarded documents to a third party).
    processed_count,                                                -- Emails that the platform sent.
    delivered_count,                                                -- A mail server took them, or they were opened.
    percent(delivered_count, processed_count) as delivered_percent, -- delivered_count of processed_count.
    opened_count,                                                   -- Opened: a weak sign, since mail programs open by themselves and hide true opens.
    percent(opened_count, delivered_count) as opened_percent,       -- Delivered-to-opened: opened_count of delivered_count.
    bounced_count,                                                  -- The last verdict is a bounce.
    percent(bounced_count, processed_count) as bounced_percent,     -- The bounce rate: bounced_count of processed_count.
    unconfirmed_count,                                              -- No verdict within 24 hours.
    pending_count                                                   -- No verdict yet, and sent within the last 24 hours.
from counted
order by segment nulls last, case kind when 'initial' then 1 when 'access_code' then 2 else 3 end, kind
