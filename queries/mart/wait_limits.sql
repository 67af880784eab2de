-- After how many days in a step a return is overdue: as [aging] of the settings says, else within how many days 9 of 10 such
-- waits of the tax year before had ended, else the usual limit of ref.next_steps. Steps without any have no limit. One row per
-- firm, tax year, form and step that has one.
--
-- key: firm_id, tax_year, return_type, next_step
-- check: limit_seconds > 0
with waited as (
    select stays.firm_id, stays.tax_year, stays.return_type, stages.next_step, stays.seconds
    from mart.stays as stays
    join ref.stages as stages using (stage)
    where stays.seconds > 0
    union all
    select firm_id, tax_year, return_type, 'remind_to_open' as next_step, accessed_seconds as seconds
    from mart.deliveries
    where accessed_seconds > 0
    union all
    select firm_id, tax_year, return_type, 'remind_to_sign' as next_step, signed_seconds - accessed_seconds as seconds
    from mart.deliveries
    where signed_seconds > accessed_seconds
    union all
    select firm_id, tax_year, return_type, 'pick_up' as next_step, picked_up_seconds - signed_seconds as seconds
    from mart.deliveries
    where picked_up_seconds > signed_seconds
    union all
    select firm_id, tax_year, return_type, 'check_signature' as next_step, picked_up_seconds - kba_passed_seconds as seconds
    from mart.deliveries
    where signed_basis = 'picked_up' and picked_up_seconds > kba_passed_seconds
    union all
    select firm_id, tax_year, return_type, 'follow_up_paper' as next_step, seconds_between(paper_consented_at, signed_at) as seconds
    from mart.deliveries
    where signed_at > paper_consented_at
    union all
    select firm_id, tax_year, return_type, 'fix_email' as next_step, seconds_between(bounced_at, bounce_cleared_at) as seconds
    from mart.messages
    where kind = 'initial' and bounce_cleared_at > bounced_at
),
ranked as (
    select
        firm_id, tax_year, return_type, next_step, seconds,
        row_number() over (
            partition by firm_id, tax_year, next_step, return_type order by seconds nulls last
        ) as place_of_form,
        count(*) over (partition by firm_id, tax_year, next_step, return_type) as count_of_form,
        row_number() over (
            partition by firm_id, tax_year, next_step order by seconds nulls last
        ) as place,
        count(*) over (partition by firm_id, tax_year, next_step) as count_of_all
    from waited
    where tax_year is not null
),
of_forms as (
    select firm_id, tax_year, return_type, next_step, min(seconds) as seconds, max(count_of_form) as wait_count
    from ranked
    where place_of_form * 10 >= count_of_form * 9 and count_of_form >= 20
    group by firm_id, tax_year, return_type, next_step
),
of_all as (
    select firm_id, tax_year, next_step, min(seconds) as seconds, max(count_of_all) as wait_count
    from ranked
    where place * 10 >= count_of_all * 9 and count_of_all >= 20
    group by firm_id, tax_year, next_step
),
-- A tax year or a form that is not known is 0 or an empty text, since these are a key.
kinds as (
    select distinct firm_id, coalesce(tax_year, 0) as tax_year, coalesce(return_type, '') as return_type
    from mart.returns
),
limits as (
    select
        kinds.firm_id, kinds.tax_year, kinds.return_type, steps.next_step,
        coalesce(own_form.limit_days, own.limit_days) as own_days,
        coalesce(of_forms.seconds, of_all.seconds) as seconds,
        case when of_forms.seconds is not null then of_forms.wait_count else of_all.wait_count end as wait_count,
        steps.limit_days as usual_days
    from kinds
    cross join ref.next_steps as steps
    left join raw.wait_limits as own_form
        on own_form.next_step = steps.next_step and own_form.return_type = kinds.return_type
    left join raw.wait_limits as own on own.next_step = steps.next_step and own.return_type is null
    left join of_forms
        on of_forms.firm_id = kinds.firm_id
        and of_forms.tax_year = kinds.tax_year - 1
        and of_forms.return_type = kinds.return_type
        and of_forms.next_step = steps.next_step
    left join of_all
        on of_all.firm_id = kinds.firm_id
        and of_all.tax_year = kinds.tax_year - 1
        and of_all.next_step = steps.next_step
    where steps.owner <> 'nobody'
)
select
    firm_id,
    tax_year,      -- Of the returns that have this limit; 0 for those without a tax year.
    return_type,   -- Their form; empty for those without one.
    next_step,     -- The step in which they wait.
    case
        when own_days is not null then cast(own_days * 86400 as bigint)
        when seconds is not null then seconds
        else cast(usual_days * 86400 as bigint)
    end as limit_seconds, -- A return that has waited longer is overdue.
    case
        when own_days is not null then 'settings'
        when seconds is not null then 'last season'
        else 'usual'
    end as limit_basis, -- settings; last season: 9 of 10 waits of the tax year before, of the form if it has 20, else of all
                        -- forms if they have 20; or usual, of ref.next_steps.
    case
        when own_days is null then wait_count
    end as wait_count -- The waits of the tax year before that ended, behind a limit of last season; else null.
from limits
where own_days is not null or seconds is not null or usual_days is not null
