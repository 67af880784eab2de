"""F22: small files with very much inside are refused in every format, at the cost of a small file."""

from pathlib import Path

from faults.checks import SHARE, Tally
from faults.runner import Runner
from support.bombs import bombs
from support.loaded_files import Firm

PEAK_BYTES = 400_000_000
RATIO = r"is over 200, and the limit is 200 \(ratio under \[limits\] in settings\.toml\)"
UNLIMITED = "\n[limits]\nratio = 10_000_000\nline_bytes = 10_000_000\ncolumns = 10_000\n"


def test_f22_bombs(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "free").mkdir()
    firm, free = Firm(tmp_path), Firm(tmp_path / "free")
    settings = free.data.settings.read_text(encoding="utf-8").split("[limits]")[0]
    free.data.settings.write_text(settings + UNLIMITED, encoding="utf-8")
    for number, (name, content) in enumerate(bombs().items()):
        file = firm.file(name, content)
        ended = runner.run("--data", firm.data.root, "load", file)
        tally.injected += 1
        tally.check_message(ended.err, RATIO, name)
        tally.unclear += ended.code != 1
        tally.lost += ended.peak_bytes > PEAK_BYTES
        print(f"{name}: {ended.peak_bytes / 1e6:.0f} MB at most")
        # Without the limit all of its records are stored, which takes its time.
        if SHARE == 1 or number % 4 == 1:
            message = runner.run("--data", free.data.root, "load", file).err
            control.unclear += "ratio under" not in message
    tally.lost += len(firm.parts)
