-- The returns that `returntrail verify` rebuilds, at most $size. Each build, by its $digest, has other returns,
-- so that many builds cover all of them; a small firm's are all here.
select firm_id, return_id
from (
    select firm_id, return_id from published.mart.returns
    union
    select firm_id, return_id from published.model.returns
)
order by md5(concat($digest, chr(0), firm_id, chr(0), return_id)), firm_id, return_id
limit $size
