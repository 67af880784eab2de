-- Searches returns by client name, number, client number and addresses of emails. All words must be found, in any order;
-- case, accents, apostrophes and commas do not matter. An exact number comes first, then the newest tax year. One row per
-- return. One letter finds nothing.
--
-- key: firm_id, return_id
-- param: search = null  The words to find, as typed; % and _ have no special meaning.
-- filters: firms, offices, partners, types, years
-- param: max_rows = 8  The most rows to return.
with asked as (
    select
        returns.return_id, returns.client_name, returns.return_type, returns.office, returns.partner, returns.due_date,
        returns.firm_id, returns.tax_year, returns.client_id, returns.handling_state, returns.signature_state,
        lower(trim(search)) in (lower(returns.return_id), lower(returns.client_id)) as is_exact
    from mart.returns as returns
    where length(trim(folded(search))) >= 2
        and has_words(returns.search_text, search)
        and passes_filters(returns, for_firms, for_offices, for_partners, for_types, for_years)
)
select
    asked.return_id,
    asked.client_name,
    asked.return_type,
    asked.office,
    asked.partner,
    asked.due_date,
    asked.firm_id,
    asked.tax_year,
    asked.client_id,
    asked.handling_state,
    asked.signature_state,
    coalesce(asked.is_exact, false) as is_exact -- The text is the whole return or client number.
from asked
order by is_exact desc, asked.tax_year desc nulls last, asked.client_name nulls last, asked.firm_id, asked.return_id
limit max_rows
