"""F12: giant lines, zip bombs, deep JSON, too many columns: refused by the limit. Many files: loaded."""

import gzip
from pathlib import Path

from faults.checks import SHARE, Tally
from faults.runner import Runner
from support.loaded_files import HEAD, Firm

GIGABYTE = round(1_000_000_000 * SHARE)
PEAK_BYTES = 1_500_000_000
# The same settings with the limits off, for the control.
UNLIMITED = """
[limits]
line_bytes = 4_000_000_000
field_bytes = 4_000_000_000
ratio = 100_000
columns = 100_000
json_depth = 100_000
"""


def giants() -> dict[str, tuple[str, bytes]]:
    """Files over a limit, each with the name of the limit that the message must contain."""
    wide = ",".join([*HEAD.split(","), *(f"x{number}" for number in range(5000))])
    return {
        "one line.csv": ("line_bytes", f"{HEAD}\nr1,Client,".encode() + b"x" * GIGABYTE + b",2026-03-04\n"),
        "one line.ndjson": ("line_bytes", b'{"return_id": "' + b"x" * (GIGABYTE // 10) + b'"}\n'),
        "bomb.csv.gz": ("ratio", gzip.compress(f"{HEAD}\n".encode() + b"\n" * (GIGABYTE // 2), 9)),
        "deep.ndjson": ("json_depth", b'{"return_id": ' + b"[" * 500 + b"]" * 500 + b"}\n"),
        "wide.csv": ("columns", f"{wide}\nr1,Client,Up,2026-03-04{',' * 5000}\n".encode()),
    }


def test_f12_limits(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    free = tmp_path / "free"
    free.mkdir()
    (free / "settings.toml").write_text(
        (firm.data.settings.read_text(encoding="utf-8")).split("[limits]")[0] + UNLIMITED
    )
    for name, (limit, content) in giants().items():
        file = firm.file(name, content)
        ended = runner.run("--data", firm.data.root, "load", file)
        tally.injected += 1
        tally.check_message(ended.err, rf"{limit} under \[limits\] in settings\.toml", name)
        tally.lost += ended.peak_bytes > PEAK_BYTES
        print(f"{name}: {ended.peak_bytes / 1e6:.0f} MB at most")
        if name in ("deep.ndjson", "wide.csv"):
            message = runner.run("--data", free, "load", file).err
            control.unclear += limit not in message
        file.unlink()


def test_f12_thousands_of_files(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    for folder in ("many", "few"):
        (tmp_path / folder).mkdir()
    firm = Firm(tmp_path / "many")
    firm.data.root.chmod(0o700)
    firm.data.inbox.mkdir(mode=0o700)
    for number in range(10_000 if SHARE == 1 else 20):
        (firm.data.inbox / f"{number:05d}.csv").write_text(f"{HEAD}\nr{number},Client,Up,2026-03-04\n")
        tally.injected += 1
    ended = runner.run("--data", firm.data.root, "load")
    tally.check_message(ended.err, "loaded, 1 of 1 records", "files")
    tally.lost += abs(len(firm.parts) - tally.injected) + (ended.code != 0) + (ended.peak_bytes > PEAK_BYTES)
    tally.check_files(firm.data)
    # If only one digit of the hash identifies a file, at least four of twenty are taken for another one.
    few = Firm(tmp_path / "few")
    files = [few.file(f"{number}.csv", f"{HEAD}\nr{number},Client,Up,2026-03-04\n") for number in range(20)]
    runner.run("--data", few.data.root, "load", *files, off=["long ids"])
    control.lost += len(files) - len(few.parts)
