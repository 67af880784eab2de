"""Who may ask which report, and which rows they get.

Access is denied by default. The word `access:` in the header of a report says who may ask it besides managers
and the data owner; staff may also ask every report that can be restricted to their offices. Every page, list,
search and file of the dashboard asks a question from `question_within`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from etl.common.problem import Problem
from etl.config.access import DATA_OWNER, MANAGER, STAFF, VIEWER, Scope
from etl.warehouse.ask import Question, Report, Warehouse, question_of
from etl.warehouse.cells import HIDDEN as HIDDEN
from etl.warehouse.cells import UNDER as UNDER

# A split that identifies clients: many clients have a mail domain of their own.
NAMING_SPLITS = ("mail_domain",)
ALLOWED = "allowed_offices"
# Smaller counts could be of clients whom a reader knows by office, partner and form.
LEAST_COUNT = 5
USUAL_FILTERS = ("for_firms", "for_offices", "for_partners", "for_types", "for_years")
# A firm and one of its offices.
Office = tuple[str, str]


def may_ask(scope: Scope, report: Report) -> bool:
    if scope.role == DATA_OWNER:
        return True
    if report.access == "loading":
        return False
    if scope.role == MANAGER:
        return True
    if scope.role == STAFF:
        return report.access == "everyone" or can_be_restricted(report)
    return scope.role == VIEWER and report.access in ("everyone", "counts")


def can_be_restricted(report: Report) -> bool:
    """Whether the report has a filter for offices, or its rows name an office or a return."""
    return "for_offices" in report.params or office_condition(report) is not None


def office_condition(report: Report) -> str | None:
    """The SQL condition for rows of the allowed offices; None if the rows name neither office nor return.

    Rows without an office column are restricted by the office of their return. A return without an office is
    never allowed.
    """
    allowed = f"list_contains(${ALLOWED}::varchar[], office_pair(firm_id, office))"
    if {"firm_id", "office"} <= report.columns.keys():
        return allowed
    if {"firm_id", "return_id"} <= report.columns.keys():
        of_office = f"from mart.returns where {allowed}"
        return f"(firm_id, return_id) in (select (firm_id, return_id) {of_office})"
    return None


def question_within(
    warehouse: Warehouse, scope: Scope, report: str, columns: list[str] | None, filters: Mapping[str, object]
) -> Question:
    """The question about a report within a scope. Raises a Problem for a report that the role may not ask."""
    known = warehouse.reports.get(report)
    names_clients = filters.get("split_by") in NAMING_SPLITS
    if known and not (may_ask(scope, known) and (scope.sees_clients or not names_clients)):
        raise Problem(f"The report {report} is not available for your role, {scope.role}.")
    if known is None or scope.role != STAFF or known.access == "everyone":
        question = question_of(warehouse, report, columns, filters)
        if known and known.access == "counts" and scope.role == VIEWER:
            for name in filters:
                if name.startswith("least_"):
                    # Whether a row is there would tell the number that is hidden in it.
                    raise Problem(f"The report {report} takes no {name} from your role, {scope.role}.")
            enough = of_enough_returns(known, filters)
            question = replace(question, condition=enough, replaced=without_small_counts(known))
        return question
    offices = [found[0] for name in scope.offices or () if len(found := offices_named(warehouse, name)) == 1]
    if "for_offices" in known.params:
        allowed = as_pairs(requested_offices(filters.get("for_offices"), offices))
        filters = {**filters, "for_offices": allowed}
    question = question_of(warehouse, report, columns, filters)
    condition = office_condition(known)
    if condition:
        values = question.values | {ALLOWED: as_pairs(offices)}
        question = replace(question, condition=condition, values=values)
    return question


def of_enough_returns(report: Report, asked: Iterable[str]) -> str:
    """The SQL condition that the filters leave enough returns: rows alone would tell about one return."""
    if not set(USUAL_FILTERS) <= report.params.keys():
        return ""
    values = ", ".join(f"${name}" if name in asked else "null" for name in USUAL_FILTERS)
    return f"(select count(*) >= {LEAST_COUNT} from mart.returns as own where passes_filters(own, {values}))"


def without_small_counts(report: Report) -> str:
    """The columns of a report of counts for viewers.

    Small counts are hidden. In a row that has one, so are zeros, rates and times: they would tell which count
    is not zero, and how large it is.
    """
    counts = [name for name in report.columns if "_count" in name]
    any_small = " or ".join(f"{name} between 1 and {LEAST_COUNT - 1}" for name in counts)
    any_small = f"coalesce({any_small}, false)"
    measures = [name for name, kind in report.columns.items() if kind == "DOUBLE"]
    return ", ".join(
        [
            *(f"if({any_small} and {name} < {LEAST_COUNT}, {HIDDEN}, {name}) as {name}" for name in counts),
            *(f"if({any_small}, null, {name}) as {name}" for name in measures),
        ]
    )


def offices_named(warehouse: Warehouse, name: str) -> list[Office]:
    """The offices that a name means: its own, or firm and name, such as alpha/Main.

    A right is given only if it is one: two firms may each have an office of the name Main.
    """
    return [(firm, office) for firm, office in warehouse.offices if name in (office, f"{firm}/{office}")]


def as_pairs(offices: list[Office]) -> list[str]:
    """The offices in the form of office_pair in SQL."""
    return ["\0".join(office) for office in offices]


def requested_offices(requested: object, offices: list[Office]) -> list[Office]:
    """The requested offices that are allowed; all that are allowed if none are requested."""
    if requested is None:
        return offices
    wanted = requested if isinstance(requested, (list, tuple, set, frozenset)) else [requested]
    return [(firm, office) for firm, office in offices if office in wanted]
