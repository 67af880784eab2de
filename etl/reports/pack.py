"""A pack: files that somebody is handed together, with their checksums, as a folder or a zip.

The same texts make the same bytes on any machine at any time: fixed order, fixed times, no compression, no clock.
"""

import hashlib
import re
import zipfile
from pathlib import Path

from etl.common.files import put_in_place, work_folder
from etl.common.problem import Problem

SUMS = "SHA256SUMS"
STRANGE = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST = 60
# The first moment that a zip can name; it stands for no time at all.
NO_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def file_name(*words: str) -> str:
    """A name of letters, digits, `_`, `-` and dots between the words, for words from the data.

    Words that must be changed for it get a hash of what they were, so that two of them never meet in one file.
    """
    plain = ".".join(STRANGE.sub("-", word).strip("-") or "x" for word in words)
    if plain == ".".join(words) and len(plain) <= LONGEST:
        return plain
    return f"{plain[:LONGEST]}.{hashlib.sha256(chr(0).join(words).encode()).hexdigest()[:8]}"


def write_pack(folder: Path, name: str, texts: dict[str, str], as_zip: bool) -> Path:
    """Writes the files of a pack by their paths in it, and their checksums; it is whole or not there.

    A pack of the same name gives way. Raises a Problem if something else has the name.
    """
    contents = {path: texts[path].encode() for path in sorted(texts)}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in contents.items())
    contents[SUMS] = sums.encode()
    target = folder / (f"{name}.zip" if as_zip else name)
    if target.exists() and target.is_dir() == as_zip or target.is_dir() and not (target / SUMS).is_file():
        raise Problem(
            f"{target}: something else than a pack of ours has this name. Move it away, or name another --out."
        )
    place = folder
    try:
        with work_folder(folder) as work:
            place = target
            (zipped if as_zip else unfolded)(work / target.name, contents)
            put_in_place(work / target.name, target)
    except OSError as error:
        raise Problem(
            f"{place}: it cannot be written ({error.strerror}). Free room there, or name another --out."
        ) from error
    return target


def unfolded(folder: Path, contents: dict[str, bytes]) -> None:
    """The pack as a folder."""
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def zipped(file: Path, contents: dict[str, bytes]) -> None:
    """The pack as a zip. Stored, since two machines may compress the same bytes differently."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(f"{file.stem}/{path}", date_time=NO_TIME)
            entry.create_system, entry.external_attr = UNIX, 0o600 << 16
            archive.writestr(entry, content)
