-- The attributes of a return: from the returns list, else from the rows of the log, else from the rules. One row per
-- return that has events.
--
-- key: return_key
-- by: return
-- check: is_joint in (true, false)
-- check: due_basis in ('register', 'calendar', 'unknown')
-- check: (due_date is null) = (due_basis = 'unknown')
with couples as (
    select events.return_key
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    where labels.recipient = 'spouse'
        or labels.code in (
        'delivered_to_taxpayer_first', 'delivered_to_spouse_first', 'delivered_taxpayer_or_spouse_first'
    )
    group by events.return_key
)
select
    known.return_key,
    known.firm_id,
    known.return_id,
    known.client_id,
    known.client_name,
    known.group_name,
    known.tax_year,
    known.return_type,
    case
        when known.is_known_type and known.return_type not like '1040%' then false
        else coalesce(known.is_joint, couples.return_key is not null)
    end as is_joint,    -- Two people must sign: as the returns list, a web hook or the log says, else if any event names a spouse or
                        -- is Deliver to Taxpayer/Spouse; never for a form that is known not to be a 1040.
    known.office,
    known.partner,
    known.ero_signer,
    known.preparer,
    coalesce(known.due_date, calendar.due_date) as due_date, -- The day the return is due; null if unknown.
    case
        when known.due_date is not null then 'register'
        when calendar.due_date is not null then 'calendar'
        else 'unknown'
    end as due_basis,   -- register: from the returns list or the log. calendar: from ref.deadlines, for a filer whose
                        -- year is the calendar year. unknown: neither.
    known.is_extended
from model.known_attributes as known
left join couples using (return_key)
left join model.calendar_due_dates as calendar
    on calendar.return_type = known.return_type
    and calendar.tax_year = known.tax_year
    and calendar.is_extended = coalesce(known.is_extended, false)
