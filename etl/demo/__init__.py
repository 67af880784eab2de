"""An invented season of a firm, as the export files that the platform would give it.

The entry points are `write_season` (the files) and `command.demonstrate` (a whole data directory). This
package may import `etl.reports` and every package below it.
"""

from etl.demo.season import write_season

__all__ = ["write_season"]
