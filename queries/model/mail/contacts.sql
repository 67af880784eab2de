-- The addresses of the last initial emails to the signers of a return, over all its deliveries. One row per return whose
-- log has an address.
--
-- key: return_key
-- by: return
-- check: taxpayer_email is not null or spouse_email is not null
with addressed as (
    select
        messages.return_key,
        messages.message_no,
        case
            when messages.recipient is not null then messages.recipient
            when not coalesce(attributes.is_joint, false) then 'taxpayer'
        end as signer,
        messages.recipient_email
    from model.message_states as messages
    join model.attributes as attributes using (return_key)
    where messages.kind = 'initial' and messages.recipient_email is not null
)
select
    return_key,
    max_by(recipient_email, message_no) filter (
        where signer = 'taxpayer' and recipient_email is not null
    ) as taxpayer_email,    -- The address of the last initial email to the taxpayer, which may have bounced; null if the log has none.
    max_by(recipient_email, message_no) filter (
        where signer = 'spouse' and recipient_email is not null
    ) as spouse_email       -- The same for the spouse. On a joint return, an email that names nobody counts for neither.
from addressed
where signer in ('taxpayer', 'spouse')
group by return_key
