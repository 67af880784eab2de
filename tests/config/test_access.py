"""Who somebody is by the settings and by the claims of a sign-in, and when a sign-in no longer counts."""

import re
import tomllib
from pathlib import Path

import pytest

from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.config.access import ACCESS_KEYS, Access, Person, Scope, ended, person_of, read_access

FILE = Path("settings.toml")
TABLE = {
    "data_owner": ["it@firm.example"],
    "manager": ["Ann@Firm.example"],
    "viewer": ["board@firm.example", "kim@firm.example"],
    "staff": {"Austin": ["bea@firm.example", "cid@firm.example"], "Dallas": ["bea@firm.example"]},
}
NOW = 1_775_130_000.0


def known(table: dict) -> Access:
    access = read_access(FILE, table)
    assert access is not None
    return access


def claims(email: str, **others: object) -> dict[str, object]:
    return {"email": email, "email_verified": True, "iat": NOW, "exp": NOW + 3600} | others


def test_without_the_section_there_is_no_sign_in() -> None:
    assert read_access(FILE, None) is None


def test_people_are_known_by_their_verified_address_in_any_case() -> None:
    access = known(TABLE)
    assert person_of(access, claims("ann@FIRM.example")) == Person("ann@firm.example", Scope("manager"))
    assert person_of(access, claims("bea@firm.example")) == Person(
        "bea@firm.example", Scope("staff", ("Austin", "Dallas"))
    )
    assert person_of(access, claims("board@firm.example")) == Person("board@firm.example", Scope("viewer"))
    assert person_of(access, claims("it@firm.example")) == Person("it@firm.example", Scope("data owner"))


def test_the_shipped_example_is_one_and_has_every_key() -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    lines = "# [access]" + shipped.split("# [access]")[1].split("# [spark]")[0]
    table = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines.splitlines()))["access"]
    assert set(table) == set(ACCESS_KEYS) and re.search(r"(?m)^# \[access.staff\]", lines)
    access = known(table)
    assert access.people["bea@firm.example"] == Scope("staff", ("Austin",))
    assert (access.idle_minutes, access.longest_hours) == (Access.idle_minutes, Access.longest_hours)


@pytest.mark.parametrize(
    "said",
    [
        {},
        claims("stranger@firm.example"),
        claims("ann@firm.example", email_verified=False),
        claims("ann@firm.example", email_verified="false"),
        {"email": "ann@firm.example"},
        claims("", name="ann@firm.example"),
        {"email": ["ann@firm.example"], "email_verified": True},
        claims("stranger@firm.example", roles="manager"),
        # In lower case the kelvin sign is the letter k.
        claims("\N{KELVIN SIGN}im@firm.example"),
        claims("kim@firm.example\N{ZERO WIDTH SPACE}"),
    ],
)
def test_nobody_else_is_known(said: dict[str, object]) -> None:
    assert person_of(known(TABLE), said) is None


def test_claims_name_the_role_of_those_whom_no_line_names() -> None:
    access = known({"manager": ["ann@firm.example"], "role_claim": "roles", "office_claim": "office"})
    cases = {
        ("manager", None): Scope("manager"),
        (("data_owner", "other"), None): Scope("data owner"),
        ("staff", "Austin"): Scope("staff", ("Austin",)),
        ("staff", ("Austin", "Dallas", 7)): Scope("staff", ("Austin", "Dallas")),
        ("staff", None): Scope("staff", ()),
        ("viewer", "Austin"): Scope("viewer"),
        (("viewer", "manager"), None): None,
        ("Manager", None): None,
        (7, None): None,
    }
    for (roles, office), scope in cases.items():
        said = claims("new@firm.example", roles=as_claim(roles), office=as_claim(office))
        assert person_of(access, said) == (Person("new@firm.example", scope) if scope else None), roles
    assert person_of(access, claims("ann@firm.example", roles="viewer")) == Person(
        "ann@firm.example", Scope("manager")
    )


def as_claim(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def test_another_claim_than_the_address_may_name_people() -> None:
    access = known({"manager": ["00u1-AbC"], "user_claim": "sub"})
    assert person_of(access, {"sub": "00u1-AbC"}) == Person("00u1-AbC", Scope("manager"))
    assert person_of(access, {"sub": "00u1-abc", "email": "00u1-AbC", "email_verified": True}) is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            {"managers": ["a@b.example"]},
            'unknown key "managers" under [access]. Known: viewer, staff, manager, data_owner',
        ),
        ({}, "no person is named: list people under viewer, staff, manager, data_owner"),
        (
            {"manager": "a@b.example"},
            '"manager" must be a list of one or more texts, not "a@b.example", under [access].',
        ),
        ({"manager": ["ann"]}, '"ann" is not an e-mail address under [access].'),
        ({"staff": ["a@b.example"]}, '"staff" must be a section of its own under [access].'),
        (
            {"staff": {"Austin": []}},
            '"Austin" must be a list of one or more texts, not [], under [access.staff].',
        ),
        (
            {"manager": ["a@b.example"], "staff": {"Austin": ["A@b.example"]}},
            '"a@b.example" is manager and staff; a person has only one role, under [access.staff].',
        ),
        ({"manager": ["a@b.example"], "viewer": ["a@b.example"]}, "a person has only one role"),
        (
            {"manager": ["a@b.example"], "idle_minutes": 0},
            '"idle_minutes" must be a whole number of at least 1, not 0, under [access].',
        ),
        (
            {"manager": ["a@b.example"], "longest_hours": True},
            '"longest_hours" must be a whole number of at least 1, not true, under [access].',
        ),
        (
            {"manager": ["a@b.example"], "office_claim": "o"},
            '"office_claim" goes with "role_claim", which is not there,',
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(table: dict, words: str) -> None:
    with pytest.raises(Problem) as refused:
        read_access(FILE, table)
    assert words in str(refused.value) and str(refused.value).startswith("settings.toml: ")


@pytest.mark.parametrize(
    ("seconds_since_sign_in", "seconds_since_last_press", "words"),
    [
        (0, None, None),
        (1799, None, None),
        (1800, None, "No activity for 30 minutes."),
        (3599, 10, None),
        (3599, 1800, "No activity for 30 minutes."),
        (3600, 10, "Your sign-in has expired."),
    ],
)
def test_a_sign_in_ends(
    seconds_since_sign_in: int, seconds_since_last_press: int | None, words: str | None
) -> None:
    now = NOW + seconds_since_sign_in
    last_seen = None if seconds_since_last_press is None else now - seconds_since_last_press
    assert ended(known(TABLE), claims("ann@firm.example"), last_seen, now) == words


def test_a_sign_in_ends_after_the_longest_time_however_busy() -> None:
    said = claims("ann@firm.example", exp=NOW + 30 * 3600)
    assert ended(known(TABLE), said, NOW + 8 * 3600 - 2, NOW + 8 * 3600 - 1) is None
    assert (
        ended(known(TABLE), said, NOW + 8 * 3600 - 1, NOW + 8 * 3600) == "A sign-in is valid for 8 h at most."
    )
    short = known(TABLE | {"longest_hours": 1, "idle_minutes": 5})
    assert ended(short, said, NOW + 3599, NOW + 3600) == "A sign-in is valid for 1 h at most."
    assert ended(short, said, NOW, NOW + 300) == "No activity for 5 minutes."


@pytest.mark.parametrize("lacking", ["iat", "exp"])
def test_a_sign_in_that_does_not_say_how_long_it_holds_does_not(lacking: str) -> None:
    said = claims("ann@firm.example")
    said.pop(lacking)
    assert ended(known(TABLE), said, NOW, NOW) == "The sign-in does not say how long it is valid."
