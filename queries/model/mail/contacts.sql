-- The addresses of the emails about a return, over all its deliveries. One row per return whose log has an address.
--
-- key: return_key
-- by: return
-- check: addresses is not null
with addressed as (
    select
        messages.return_key,
        messages.message_no,
        case
            when messages.kind <> 'initial' then cast(null as string)
            when messages.recipient is not null then messages.recipient
            when not coalesce(attributes.is_joint, false) then 'taxpayer'
        end as signer,
        messages.recipient_email
    from model.message_states as messages
    join model.attributes as attributes using (return_key)
    where messages.recipient_email is not null
),
signers as (
    select
        return_key,
        max_by(recipient_email, message_no) filter (
            where signer = 'taxpayer' and recipient_email is not null
        ) as taxpayer_email,
        max_by(recipient_email, message_no) filter (
            where signer = 'spouse' and recipient_email is not null
        ) as spouse_email
    from addressed
    group by return_key
),
used as (
    select return_key, recipient_email, max(message_no) as last_message_no
    from addressed
    group by return_key, recipient_email
),
numbered as (
    select
        return_key,
        recipient_email,
        row_number() over (
            partition by return_key order by last_message_no desc nulls last, recipient_email nulls last
        ) as place
    from used
),
joined as (
    select
        return_key,
        max(recipient_email) filter (where place = 1)
            || coalesce(' ' || max(recipient_email) filter (where place = 2), '')
            || coalesce(' ' || max(recipient_email) filter (where place = 3), '')
            || coalesce(' ' || max(recipient_email) filter (where place = 4), '')
            || coalesce(' ' || max(recipient_email) filter (where place = 5), '') as addresses
    from numbered
    group by return_key
)
select
    return_key,
    signers.taxpayer_email, -- The address of the last initial email to the taxpayer, which may have bounced; null if the log has none.
    signers.spouse_email, -- The same for the spouse. On a joint return, an email that names nobody counts for neither.
    joined.addresses        -- The last five addresses to which any email was sent, the newest first, with blanks between them.
from signers
join joined using (return_key)
