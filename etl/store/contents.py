"""The records of a part of events as SQL, in the columns of version 2, whichever version wrote the part.

A part of version 2 has events.parquet without what events of a return share, and attributes.parquet with each
set of attributes of a return once. A part of version 1 has all of it in every record; here it is taken apart.
"""

from etl.common.duck import literal, parquet
from etl.store.parts import Part

# The columns of an event and of a set of attributes, as SQL.
EVENT = """
    row_no, tab, pattern, subject, status, label, event_time, format_no, utc_minutes, event_at, event_on,
    time_note, actor, recipient_email, ip_address, source_event_id, detail, extra
"""
SET = """
    firm_id, return_id, client_id, client_name, group_name, tax_year, return_type, is_joint, office, partner,
    ero_signer, preparer, due_date, is_extended
"""
# The types of those that are no text.
TYPES = {
    "row_no": "bigint",
    "format_no": "integer",
    "utc_minutes": "integer",
    "event_at": "timestamp",
    "event_on": "date",
    "tax_year": "integer",
    "is_joint": "boolean",
    "due_date": "date",
    "is_extended": "boolean",
}
# The tidied label: the pattern with its text in quotes. A label that is equal to it is null in version 2.
TIDIED = """coalesce(replace(pattern, '"..."', '"' || subject || '"'), pattern)"""
# Both numbers are signed, and the same in every version of an engine. Content hashes have the order of the
# first 16 digits of the row hashes.
RETURN_KEY = (
    "(md5_number_lower(concat(firm_id, chr(0), return_id))::hugeint - 9223372036854775808::hugeint)::bigint"
)
CONTENT_HASH = "(('0x' || left(row_hash, 16))::ubigint::hugeint - 9223372036854775808::hugeint)::bigint"


def records_of(part: Part) -> str:
    """SQL for the stored events of a part, in any order: set_no, the columns of EVENT, content_hash."""
    if part.has_attributes:
        return f"select set_no, {EVENT}, content_hash from {parquet(part.data)}"
    label = f"nullif(label, {TIDIED}) as label"
    records = f"select * replace ({label}), {CONTENT_HASH} as content_hash from ({wide_records(part)})"
    same_set = " and ".join(f"sets.{name} is not distinct from events.{name}" for name in names_of(SET))
    return f"""
        select set_no, {EVENT}, content_hash
        from ({records}) as events join ({sets_of(part)}) as sets on {same_set}
    """


def sets_of(part: Part) -> str:
    """SQL for the sets of attributes of a part's returns: set_no from 1, return_key, the columns of SET."""
    if part.has_attributes:
        return f"select set_no, return_key, {SET} from {parquet(part.attributes)}"
    return f"""
        select row_number() over (order by {SET})::integer as set_no, {RETURN_KEY} as return_key, {SET}
        from (select distinct {SET} from ({wide_records(part)}))
    """


def wide_records(part: Part) -> str:
    """SQL for the records of a part of version 1; a column that an older part does not have is null."""
    names = names_of(f"{EVENT}, {SET}, row_hash")
    nothing = ", ".join(f"null::{TYPES.get(name, 'varchar')} as {name}" for name in names)
    return f"""
        select {EVENT}, {SET}, row_hash
        from (select {nothing} where false union all by name from {parquet(part.data)})
    """


def rows_of(part: Part) -> str:
    """SQL for the records of a part of any kind and version, each with its return and attributes."""
    attributes = f" join {literal(part.attributes)} using (set_no)" if part.has_attributes else ""
    return f"from {parquet(part.data)}{attributes}"


def stored_rows(part: Part, join: str) -> str:
    """SQL for the records of a part as stored, whose returns pass a semi or anti join.

    A web hook may name no return, so another table has the records: its name ends in _hooks.
    """
    if part.kind == "webhook":
        return f"from {parquet(part.data)} {join}_hooks using (file_id, row_no)"
    if part.has_attributes:
        sets = f"from {parquet(part.attributes)} {join} using (firm_id, return_id)"
        return f"from {parquet(part.data)} semi join ({sets}) using (set_no)"
    return f"from {parquet(part.data)} {join} using (firm_id, return_id)"


def names_of(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]
