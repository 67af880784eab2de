-- The stays behind a number of internal_waits, as many as it counts. One row per stay in a stage, the newest first.
--
-- key: firm_id, return_id, stay_no
-- param: for_stage = null  The stage, a name in ref.stages; every stage if not given.
-- param: open_only = false  Only stays that have not ended.
-- param: since = null  First day on which a stay began; no limit if not given.
-- param: until = null  Last day on which it began, inclusive; no limit if not given.
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
    stays.stay_no,
    stays.stage,
    stays.entered_at,
    stays.entered_by,
    stays.left_at,
    stays.left_by,
    in_days(coalesce(stays.seconds, seconds_between(stays.entered_at, build.as_of))) as stay_days -- Days in the stage, up to as_of if it has not ended.
from mart.stays as stays
join mart.returns as returns using (firm_id, return_id)
cross join raw.build as build
where passes_filters(stays, for_firms, for_offices, for_partners, for_types, for_years)
    and during(stays.entered_on, since, until)
    and (for_stage is null or stays.stage = for_stage)
    and (
        select all_known(case when for_stage is not null then [for_stage] end, list(known.stage order by known.stage_no))
        from ref.stages as known
    )
    and (stays.left_at is null or not open_only)
order by stays.entered_at desc, stays.firm_id, stays.return_id, stays.stay_no
