"""Opens every CSV and Excel file of the hostile log in LibreOffice: `make spreadsheets`."""

import re
import shutil
import subprocess
from pathlib import Path

from etl.common.paths import DataDir
from support.naughty import STRINGS, reported

# Comma, quotes, UTF-8, from the first line; quoted cells are not forced to text, and formulas are evaluated.
AS_CSV = "--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,-1,true"


def formulas(files: list[Path], folder: Path, *options: str) -> dict[str, int]:
    """The number of cells that LibreOffice evaluates in each file."""
    home = f"-env:UserInstallation={(folder / 'home').as_uri()}"
    out = folder / "out"
    command = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "fods",
        *options,
        "--outdir",
        str(out),
        *map(str, files),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    pages = {file.stem: out / f"{file.stem}.fods" for file in files}
    return {
        name: len(re.findall(r"\btable:formula=", page.read_text(encoding="utf-8")))
        for name, page in pages.items()
    }


def test_libreoffice_evaluates_bare_formulas(tmp_path: Path) -> None:
    quoted = ('"' + text.replace('"', '""') + '"' for text in STRINGS)
    (tmp_path / "bare.csv").write_text("\n".join(quoted) + "\n", encoding="utf-8")
    assert formulas([tmp_path / "bare.csv"], tmp_path, AS_CSV)["bare"] > 10


def test_libreoffice_evaluates_no_cell_of_ours(hostile: DataDir, tmp_path: Path) -> None:
    data = reported(hostile, tmp_path / "data")
    (tmp_path / "in").mkdir()
    for number, file in enumerate(
        file for file in data.root.rglob("*.*") if file.suffix in (".csv", ".xlsx")
    ):
        shutil.copy(file, tmp_path / "in" / f"{number}-{file.name}")
    lists, books = sorted((tmp_path / "in").glob("*.csv")), list((tmp_path / "in").glob("*.xlsx"))
    assert len(lists) > 30 and len(books) == 1
    assert {name: count for name, count in formulas(lists, tmp_path, AS_CSV).items() if count} == {}
    assert formulas(books, tmp_path) == {books[0].stem: 0}
