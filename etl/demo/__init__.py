"""An invented season of a firm, as the export files that the platform would give it."""

from etl.demo.season import write_season

__all__ = ["write_season"]
