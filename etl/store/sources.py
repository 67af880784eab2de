"""Which source a content is loaded with. A file of web hooks becomes several contents."""

from pathlib import Path

from etl.config.settings import Settings, sources_of
from etl.config.source import Source
from etl.read.archive import Contents, Unpacked
from etl.read.web_hooks import split_hooks
from etl.store.identity import names_of


def with_sources(
    settings: Settings, unpacked: Unpacked, found: Contents, folder: Path
) -> list[tuple[Unpacked, Source]]:
    """A content with its source, or the contents that a file of web hooks becomes, written into `folder`.

    Raises a Problem if no source is for it.
    """
    for source in sources_of(settings, *names_of(unpacked, found)):
        if source.kind != "webhook":
            return [(unpacked, source)]
        if hooks := split_hooks(unpacked, source, settings.limits, folder):
            return hooks
    return []
