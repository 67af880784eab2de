-- The returns that are in a stage now, as many as stage_funnel counts. One row per return, the longest stay first.
--
-- key: firm_id, return_id
-- param: for_stage = null  The stage, a name in ref.stages; every stage if not given.
-- filters: firms, offices, partners, types, years
select
    returns.return_id,
    returns.client_name,
    returns.return_type,
    returns.office,
    returns.partner,
    returns.due_date,
    returns.firm_id,
    returns.tax_year,
    stays.stage,
    stays.entered_at,
    stays.entered_by,
    in_days(seconds_between(stays.entered_at, build.as_of)) as stay_days, -- Days in the stage so far.
    returns.preparer,
    returns.ero_signer,
    returns.why
from mart.stays as stays
join mart.returns as returns using (firm_id, return_id)
cross join raw.build as build
where stays.left_at is null
    and (
        for_stage is null
        or stays.stage = for_stage
        or not exists (select 1 from ref.stages as known where known.stage = for_stage)
            and error('for_stage := ''' || for_stage || ''' is unknown. Known: '
                || (select string_agg(known.stage, ', ' order by known.stage_no) from ref.stages as known) || '.') is null
    )
    and passes_filters(stays, for_firms, for_offices, for_partners, for_types, for_years)
order by stays.entered_at, stays.firm_id, stays.return_id
