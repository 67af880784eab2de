"""Settings are read strictly: each refusal names the file, the section, the key and what is known."""

from datetime import date
from pathlib import Path

import pytest

from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.config.settings import Retention, Settings, read_settings, source_of
from etl.config.source import Limits, column_of, contract, heading_key

FIRM = '[firm]\nname = "Oak"\ntimezone = "America/New_York"\n'
SOURCE = '[[source]]\nname = "crm"\nfiles = ["*"]\n'
PATTERNS = 'a list of one or more patterns on the file name, such as ["*.csv"]'
SOURCE_KEYS = (
    "name, kind, files, firm_id, timezone, time_formats, columns, constants, names, records, header_line, "
    "fill_down, layout, repeats"
)


def settings(folder: Path, text: str) -> Settings:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(Problem) as raised:
        settings(folder, text)
    return str(raised.value).removeprefix(f"{folder}/")


def test_the_shipped_file_keeps_no_nine_digits_and_guesses_no_time() -> None:
    shipped = read_settings(SHIPPED / "settings.toml")
    assert not any(source.nine_digit_ids for source in shipped.sources)
    # A day alone would be midnight.
    formats = {time_format for source in shipped.sources for time_format in source.time_formats}
    assert formats == {f"%m/%d/%Y {clock}" for clock in ("%I:%M:%S %p", "%I:%M %p", "%H:%M:%S", "%H:%M")}


def test_the_shipped_file_reads_the_words_of_the_platform() -> None:
    shipped = read_settings(SHIPPED / "settings.toml")
    assert [(source.name, source.kind, source.firm_id) for source in shipped.sources] == [
        ("register", "returns", "firm"),
        ("web hooks", "webhook", "firm"),
        ("user tracking", "events", "firm"),
    ]
    log = source_of(shipped, "Client Tracking 2026-03.csv.gz")
    read = [
        "Return ID",
        "return_no",
        "TAB",
        "Event",
        "Date/Time",
        "Status",
        "User",
        "ERO/Signer",
        "Shoe size",
    ]
    assert [column_of(log, heading) for heading in read] == [
        "return_id",
        "return_id",
        "tab",
        "label",
        "event_time",
        "status",
        "actor",
        "ero_signer",
        None,
    ]
    assert column_of(source_of(shipped, "Returns Register 2026.csv"), "Exported At") == "exported_at"
    assert shipped.limits == Limits()
    assert shipped.retention == Retention()


def test_the_shipped_file_takes_ids_of_nine_digits_for_numbers_of_taxpayers() -> None:
    shipped = read_settings(SHIPPED / "settings.toml")
    assert not any(source.nine_digit_ids for source in shipped.sources)


def test_the_names_of_the_contract_are_always_headings(tmp_path: Path) -> None:
    read = settings(tmp_path, FIRM + SOURCE + '[[source]]\nname = "list"\nkind = "returns"\nfiles = ["r*"]\n')
    for source in read.sources:
        assert all(column_of(source, name) == name for name in contract(source.kind))
        assert column_of(source, "row_hash") is None
    assert "exported_at" in contract("returns") and "exported_at" not in contract("events")


def test_the_least_file_has_a_firm_and_a_source(tmp_path: Path) -> None:
    read = settings(tmp_path, FIRM + SOURCE)
    assert (read.firm_name, read.timezone, read.sources[0].timezone) == (
        "Oak",
        "America/New_York",
        "America/New_York",
    )
    assert (read.sources[0].kind, read.sources[0].firm_id, read.sources[0].time_formats) == (
        "events",
        None,
        (),
    )


def test_what_others_check_is_passed_on(tmp_path: Path) -> None:
    more = "[spark]\ncores = 2\n"
    read = settings(tmp_path, FIRM + SOURCE + more + "[retention]\ninbox_days = 30\nreport_days = 400\n")
    assert (read.spark, read.retention) == ({"cores": 2}, Retention(inbox_days=30, report_days=400))
    more = "[retention]\nclock_was_right_on = 2026-09-30\n"
    read = settings(tmp_path, FIRM + SOURCE + more)
    assert read.retention == Retention(clock_was_right_on=date(2026, 9, 30))


def test_the_first_source_that_matches_counts(tmp_path: Path) -> None:
    second = SOURCE.replace("crm", "b").replace('"*"', '"Tax*"')
    read = settings(tmp_path, FIRM + SOURCE.replace('"*"', '"*.csv"') + second)
    assert source_of(read, "/somewhere/TAX.CSV").name == "crm"
    assert source_of(read, "tax.csv.GZ").name == "crm"
    assert source_of(read, "tax.json").name == "b"
    with pytest.raises(
        Problem, match=r'matches this file\'s name. Patterns of files: "crm": \*.csv; "b": Tax\*\.$'
    ):
        source_of(read, "other.json")


def test_headings_are_compared_loosely() -> None:
    assert {heading_key(words) for words in ("Return ID", "return_id", "RETURN-ID:", "ＲｅｔｕｒｎＩＤ")} == {
        "returnid"
    }
    assert heading_key("Größe (m²)") == "grössem2"


def test_the_digest_changes_with_what_changes_the_reading(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        return settings(tmp_path, text).sources[0].digest

    first = digest(FIRM + SOURCE)
    assert (
        digest(FIRM.replace("Oak", "Elm") + SOURCE.replace("crm", "other").replace('"*"', '"*.csv"')) == first
    )
    changed = [
        FIRM.replace("New_York", "Chicago") + SOURCE,
        FIRM + SOURCE + 'kind = "returns"\n',
        FIRM + SOURCE + 'firm_id = "b"\n',
        FIRM + SOURCE + 'timezone = "UTC"\n',
        FIRM + SOURCE + 'time_formats = ["%Y-%m-%d"]\n',
        FIRM + SOURCE + '[source.columns]\ntab = ["T"]\n',
        FIRM + SOURCE + '[source.constants]\ntab = "Client"\n',
    ]
    assert len({first, *map(digest, changed)}) == len(changed) + 1


def test_constants_are_kept_as_text(tmp_path: Path) -> None:
    read = settings(
        tmp_path, FIRM + SOURCE + '[source.constants]\ntab = "Client"\ntax_year = 2025\nis_joint = true\n'
    )
    assert read.sources[0].constants == {"tab": "Client", "tax_year": "2025", "is_joint": "true"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOURCE, "no [firm]. The file needs a [firm] and at least one [[source]]."),
        (FIRM, "no [[source]]. The file needs a [firm] and at least one [[source]]."),
        (FIRM + "[source]\nname = 'x'\n", "write [[source]], with two brackets, once for each source."),
        ("[[firm]]\n" + SOURCE, "write [firm], with one bracket, and only once."),
        (
            FIRM + SOURCE + "[post]\n",
            'unknown section "post". Known: '
            "[firm], [[source]], [limits], [aging], [retention], [[subscription]], [mail], [access], "
            "[spark].",
        ),
        (
            FIRM + 'zone = "x"\n' + SOURCE,
            'unknown key "zone" under [firm]. Known: name, timezone, nine_digit_ids.',
        ),
        (
            FIRM + SOURCE + 'time_zone = "UTC"\n',
            f'unknown key "time_zone" under [[source]] "crm". Known: {SOURCE_KEYS}.',
        ),
        (
            FIRM + SOURCE + '[source.constants]\nreturn_id = "r1"\n',
            "a constant return_id, and files that match more than one name: returns would become one; take "
            'the return_id from the name with [source.names], not under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + '[source.constants]\ntab = "Client"\n[source.names]\nfile = "{tab} *"\n',
            '"tab" has both a name and a constant; remove one of them, under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + '[source.names]\nfile = "{return_id} *"\nfolder = "{return_id}"\n',
            '"{return_id}" is in two places under [source.names] of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.names]\nsheet = "Sheet"\n',
            '"Sheet" must have columns in braces, and a text between two of them, under [source.names] '
            'of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.columns]\nevent_time = [["Date"]]\n',
            '"event_time" must be a list of headings, or of lists of headings, such as [["Date", "Time"]], '
            'not [["Date"]], under [source.columns] of "crm".',
        ),
        (
            FIRM + SOURCE + "[limits]\nlines = 1\n",
            'unknown key "lines" under [limits]. '
            "Known: file_bytes, unpacked_bytes, ratio, line_bytes, field_bytes, columns, json_depth, "
            "quarantined_percent.",
        ),
        (
            FIRM + SOURCE + "[retention]\nclock_was_right_on = 30\n",
            '"clock_was_right_on" must be a date without quotes, such as 2026-09-30, not 30, '
            "under [retention].",
        ),
        (
            FIRM + SOURCE + "[retention]\ndays = 1\n",
            'unknown key "days" under [retention]. '
            "Known: inbox_days, quarantine_days, report_days, clock_was_right_on.",
        ),
        (
            FIRM + SOURCE + '[limits]\nratio = "2"\n',
            '"ratio" must be a whole number of at least 1, not "2", under [limits].',
        ),
        (
            FIRM + SOURCE + "[limits]\nratio = true\n",
            '"ratio" must be a whole number of at least 1, not true, under [limits].',
        ),
        (
            FIRM.replace("New_York", "Oz") + SOURCE,
            '"timezone" must be a time zone such as America/New_York, not "America/Oz", under [firm].',
        ),
        (
            FIRM + SOURCE + 'timezone = "../etc"\n',
            '"timezone" must be a time zone such as America/New_York, not "../etc", under [[source]] "crm".',
        ),
        (
            "[firm]\nname = 'x'\n" + SOURCE,
            'no "timezone" (a time zone such as America/New_York) under [firm].',
        ),
        (FIRM + SOURCE + SOURCE, 'two [[source]] are named "crm". Give each a name of its own.'),
        (FIRM + "[[source]]\nfiles = ['*']\n", 'no "name" (a text in quotes) under [[source]] number 1.'),
        (FIRM + "[[source]]\nname = 'a'\n", f'no "files" ({PATTERNS}) under [[source]] "a".'),
        (
            FIRM + "[[source]]\nname = 'a'\nfiles = []\n",
            f'"files" must be {PATTERNS}, not [], under [[source]] "a".',
        ),
        (
            FIRM + "[[source]]\nname = 'a'\nfiles = 'x'\n",
            f'"files" must be {PATTERNS}, not "x", under [[source]] "a".',
        ),
        (
            FIRM + SOURCE + "kind = 'log'\n",
            '"kind" must be one of events, returns, webhook, not "log", under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + "firm_id = 1\n",
            '"firm_id" must be a text in quotes, not 1, under [[source]] "crm".',
        ),
        (FIRM + SOURCE + "columns = 1\n", '"columns" must be a section of its own under [[source]] "crm".'),
        (
            FIRM + SOURCE + '[source.columns]\ntab = ["A"]\nlabel = ["a "]\n',
            'the heading "a " means both "tab" and "label" under [source.columns] of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.columns]\nlabel = ["Tab"]\n',
            'the heading "Tab" means both "tab" and "label" under [source.columns] of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.columns]\nlabel = ["#"]\n',
            'the heading "#" of "label" has no letter or digit under [source.columns] of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.columns]\ntab = ["A"]\n[source.constants]\ntab = "Client"\n',
            '"tab" has both headings and a constant; remove one of them, under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + '[source.constants]\ntab = ""\n',
            '"tab" must be one value, not empty, under [source.constants] of "crm".',
        ),
        (
            FIRM + SOURCE + '[source.constants]\nfirm_id = "a"\n',
            '"firm_id" is a key of the [[source]] itself; write it there and not '
            'under [source.constants] of "crm".',
        ),
        (
            FIRM + SOURCE + 'time_formats = ["%m/%d/%Y %Q"]\n',
            'time format "%m/%d/%Y %Q" has "%Q", which is not known (known: %Y, %y, %m, %d, %B, %b, %A, '
            '%a, %j, %H, %I, %M, %S, %p, %f, %z, %%) under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + 'time_formats = ["%m/%d/%Y %m"]\n',
            'time format "%m/%d/%Y %m" is not a strptime format under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + 'time_formats = ["%m/%d %H:%M"]\n',
            'time format "%m/%d %H:%M" does not contain a whole date (day, month and year) '
            'under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + 'time_formats = ["%m/%d/%Y %I:%M"]\n',
            'time format "%m/%d/%Y %I:%M" reads afternoons as mornings: %I needs %p, or write %H, '
            'under [[source]] "crm".',
        ),
        (
            FIRM + SOURCE + 'time_formats = ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"]\n',
            'time_formats: "%m/%d/%Y %H:%M" and "%d/%m/%Y %H:%M" read 03/04/2026 as two days; write only the '
            'order of these files, and another [[source]] for files of the other, under [[source]] "crm".',
        ),
    ],
)
def test_refusals(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == f"settings.toml: {message}"


def test_unknown_columns_of_the_contract_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, FIRM + SOURCE + '[source.columns]\nrow_hash = ["H"]\n')
    assert message.startswith(
        'settings.toml: unknown key "row_hash" under [source.columns] of "crm". Known: firm_id,'
    )
    message = refusal(tmp_path, FIRM + SOURCE + '[source.constants]\nexported_at = "x"\n')
    assert message.startswith(
        'settings.toml: unknown key "exported_at" under [source.constants] of "crm". Known:'
    )


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[firm\n").startswith("settings.toml: not TOML: ")
    (tmp_path / "settings.toml").write_bytes(FIRM.replace("Oak", "É").encode("cp1252"))
    with pytest.raises(Problem, match=r"the settings are not UTF-8 text\. Save the file as UTF-8\."):
        read_settings(tmp_path / "settings.toml")
    with pytest.raises(Problem, match="the settings cannot be read"):
        read_settings(tmp_path / "none.toml")
