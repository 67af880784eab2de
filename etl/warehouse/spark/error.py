"""Spark's complaints as Problems: which file, which line, what is wrong. The text of a row is never repeated."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from etl.common.problem import Problem


@contextmanager
def told(label: str) -> Iterator[None]:
    """Raises what Spark complains about as a Problem under the name of a file."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, PySparkException

    try:
        yield
    except AnalysisException as error:
        raise Problem(f"{label}{line_in(error)}: {sentence(error)}") from error
    except PySparkException as error:
        raise Problem(
            f"{label}: a value does not fit the statement ({error.getCondition() or type(error).__name__}). "
            "It is not shown, since it may be private."
        ) from error
    except Py4JError as error:
        raise Problem(f"{label}: Spark gave up. The logs of its executors say why.") from error


def line_in(error: Exception) -> str:
    """The line that an error points at, as a Problem names it."""
    found = re.search(r"\bline (\d+)\b", str(error))
    return f", line {found[1]}" if found else ""


def sentence(error: Exception) -> str:
    """What is wrong, without the excerpt of the SQL and its plan."""
    words = str(error).strip().splitlines()[0]
    return re.sub(r"^\[\w[\w.]*\] | SQLSTATE: \w+.*$", "", words).rstrip(". ") + "."
