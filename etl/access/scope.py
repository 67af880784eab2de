"""Who may ask which report, and which rows they get.

Access is denied by default. The word `access:` in the header of a report says who may ask it besides managers
and the data owner; staff may also ask every report that can be restricted to their offices. Every page, list,
search and file of the dashboard asks a question from `question_within`.
"""

from collections.abc import Mapping
from dataclasses import replace

from etl.common.problem import Problem
from etl.config.access import DATA_OWNER, MANAGER, STAFF, VIEWER, Scope
from etl.warehouse.ask import Question, Report, Warehouse, question_of

# A split that identifies clients: many clients have a mail domain of their own.
NAMING_SPLITS = ("mail_domain",)
ALLOWED = "allowed_offices"


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
    if "office" in report.columns:
        return f"list_contains(${ALLOWED}::varchar[], office)"
    if {"firm_id", "return_id"} <= report.columns.keys():
        of_office = f"from mart.returns where list_contains(${ALLOWED}::varchar[], office)"
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
        return question_of(warehouse, report, columns, filters)
    offices = list(scope.offices or ())
    if "for_offices" in known.params:
        allowed = allowed_offices(filters.get("for_offices"), offices)
        filters = {**filters, "for_offices": allowed}
    question = question_of(warehouse, report, columns, filters)
    condition = office_condition(known)
    if condition:
        values = question.values | {ALLOWED: offices}
        question = replace(question, condition=condition, values=values)
    return question


def allowed_offices(requested: object, offices: list[str]) -> list[str]:
    """The requested offices that are allowed; all that are allowed if none are requested."""
    if requested is None:
        return offices
    wanted = requested if isinstance(requested, (list, tuple, set, frozenset)) else [requested]
    return [office for office in offices if office in wanted]
