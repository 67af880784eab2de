"""F16: a part, its ledger, its quarantine or the warehouse flipped, cut or removed: `verify` names it."""

import shutil
from pathlib import Path
from random import Random

from etl.common.paths import DataDir
from faults.checks import Tally, store_rows, times, warehouse_rows
from faults.exports import load_and_build, write_exports
from faults.runner import Runner

TARGETS = ("store/*/events.parquet", "store/*/ledger.json", "store/*/quarantine.parquet", "warehouse.duckdb")


def damage(file: Path, how: int, dice: Random) -> str:
    """Flips a bit, cuts the end off, or removes the file; returns what was done."""
    content = bytearray(file.read_bytes())
    if how == 0:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    elif how == 1:
        del content[dice.randrange(len(content)) :]
    file.unlink()
    if how < 2:
        file.write_bytes(content)
        file.chmod(0o600)
    return ("flipped", "cut", "removed")[how]


def test_f16_verify_names_what_is_damaged(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    write_exports(tmp_path / "exports", 6)
    base = load_and_build(runner, tmp_path / "exports", tmp_path / "base")
    verified = runner.run("--data", base.root, "verify")
    assert verified.code == 0, verified.out + verified.err
    rows, built = store_rows(base), warehouse_rows(base.warehouse)
    dice = Random(16)
    for number in range(times(40)):
        data = DataDir(Path(shutil.copytree(base.root, tmp_path / "data")))
        target = sorted(data.root.glob(TARGETS[number % len(TARGETS)]))[0]
        done = damage(target, number // len(TARGETS) % 3, dice)
        ended = runner.run("--data", data.root, "verify")
        tally.injected += 1
        name = target.name if target == data.warehouse else target.parent.name
        about = f"{target.relative_to(data.root)} {done}"
        # A bit in an unused block of the warehouse changes no row and needs no message.
        if target != data.warehouse or warehouse_rows(data.warehouse) != built:
            tally.unclear += ended.code != 1
            tally.check_message(ended.out + ended.err, name, about)
            tally.details += [] if ended.code == 1 else [f"{about}: verify ended with {ended.code}"]
        # Without `verify` nobody would notice: queries of the warehouse work as before.
        asked = runner.run("--data", data.root, "query", "select count(*) from mart.returns")
        control.unclear += asked.code == 0 and store_rows(data) != rows
        shutil.rmtree(data.root)
