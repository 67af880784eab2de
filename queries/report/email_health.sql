-- How many emails arrived, were opened or bounced. One row per segment and kind of email. Emails of recalled deliveries
-- count; emails without a processed event do not. Each email counts once, by its last status, so delivered, bounced,
-- unconfirmed and pending add up to processed_count.
--
-- check: delivered_count + bounced_count + unconfirmed_count + pending_count = processed_count
-- check: opened_count <= delivered_count
-- param: since = null  First day of processing; no limit if not given.
-- param: until = null  Last day of processing, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week, month or mail_domain; one total if not given.
-- param: known_by = null  Counts only what had happened by this time (UTC), so each email is as it was then; all if not given.
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
        and passes_filters(messages, for_firms, for_offices, for_partners, for_types, for_years)
        and during(messages.processed_on, since, until)
),
alike as (
    select segment, kind, state, count(*) as email_count
    from sent
    group by segment, kind, state
),
counted as (
    select
        segment,
        kind,
        total(email_count) as processed_count,
        total(case when state in ('delivered', 'opened') then email_count else 0 end) as delivered_count,
        total(case when state = 'opened' then email_count else 0 end) as opened_count,
        total(case when state = 'bounced' then email_count else 0 end) as bounced_count,
        total(case when state = 'unconfirmed' then email_count else 0 end) as unconfirmed_count,
        total(case when state = 'processed' then email_count else 0 end) as pending_count
    from alike
    group by segment, kind
)
select
    segment,                                                        -- The value of split_by; null for the total, and for emails without a value.
    kind,                                                           -- initial, access_code or cc (the client forwarded documents to a third party).
    processed_count,                                                -- Emails that the platform sent.
    delivered_count,                                                -- A mail server accepted them, or they were opened.
    percent(delivered_count, processed_count) as delivered_percent, -- delivered_count of processed_count.
    opened_count,                                                   -- Opened: weak evidence, since mail programs open emails by themselves and hide
                        -- real opens.
    percent(opened_count, delivered_count) as opened_percent,       -- Delivered-to-opened: opened_count of delivered_count.
    bounced_count,                                                  -- The last status is a bounce.
    percent(bounced_count, processed_count) as bounced_percent,     -- The bounce rate: bounced_count of processed_count.
    unconfirmed_count,                                              -- No delivery confirmation within 24 hours.
    pending_count,                                                  -- No delivery confirmation yet, and sent within the last 24 hours.
    coalesce(split_by = 'week' and segment > cast(full_week(1) as varchar), false) as is_young -- Of a split by week: the running
                        -- week, or one that ended less than 7 days before the build: some of its emails are still to be opened.
from counted
order by segment nulls last, case kind when 'initial' then 1 when 'access_code' then 2 else 3 end, kind
