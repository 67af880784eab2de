-- What each return waited for on the working day before (raw.build.before_at), for the returns that may have changed since: by
-- an event, or by time. The models say it from the events up to then, as a build as of that time would. All other returns
-- waited for the same step as now. One row per return.
--
-- key: firm_id, return_id
create table raw.returns_before (
    firm_id varchar,         -- The account.
    return_id varchar,       -- The return.
    next_step varchar,       -- The next step then; null if nothing was logged of the return yet.
    next_step_owner varchar, -- Who had to act then: firm, client or nobody; null likewise.
    changed_by varchar       -- Who of the firm has acted last since then, as logged; null if nobody of the firm has.
)
