"""A pack: files that an auditor is handed together, with their checksums, as a folder or a zip.

The same texts make the same bytes on any machine at any time: fixed order, fixed times, no compression.
"""

import hashlib
import re
import zipfile
from pathlib import Path

from etl.common.files import put_in_place, work_folder
from etl.common.problem import Problem

SUMS = "SHA256SUMS"
NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST = 60
# The earliest moment that a zip can have, in place of the time of writing.
NO_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def file_name(*words: str) -> str:
    """A file name of letters, digits, `_` and `-`, with dots between the words, which come from the data.

    Words that must be changed for it get a hash of the original, so that different words never share a name.
    """
    plain = ".".join(NOT_PLAIN.sub("-", word).strip("-") or "x" for word in words)
    if plain == ".".join(words) and len(plain) <= LONGEST:
        return plain
    return f"{plain[:LONGEST]}.{hashlib.sha256(chr(0).join(words).encode()).hexdigest()[:8]}"


def write_pack(folder: Path, name: str, texts: dict[str, str], as_zip: bool) -> Path:
    """Writes the files of a pack by their paths in it, and their checksums, completely or not at all.

    It replaces a pack of the same name. Raises a Problem if something else has the name.
    """
    contents = {path: texts[path].encode() for path in sorted(texts)}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in contents.items())
    contents[SUMS] = sums.encode()
    target = folder / (f"{name}.zip" if as_zip else name)
    is_pack = (target / SUMS).is_file() if target.is_dir() else as_zip
    if target.exists() and (target.is_dir() == as_zip or not is_pack):
        raise Problem(
            f"{target}: something other than a pack has this name. Move it away, or name another --out."
        )
    place = folder
    try:
        with work_folder(folder) as work:
            place = target
            (write_zip if as_zip else write_folder)(work / target.name, contents)
            put_in_place(work / target.name, target)
    except OSError as error:
        words = f"it cannot be written ({error.strerror}). Make room there, or name another --out."
        raise Problem(f"{place}: {words}") from error
    return target


def write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def write_zip(file: Path, contents: dict[str, bytes]) -> None:
    """Not compressed, because two machines may compress the same bytes differently."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(f"{file.stem}/{path}", date_time=NO_TIME)
            entry.create_system, entry.external_attr = UNIX, 0o600 << 16
            archive.writestr(entry, content)
