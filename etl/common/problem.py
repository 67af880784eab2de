"""The one family of errors that a person can mend."""


class Problem(Exception):
    """A sentence that names file, line, rule and what to do.

    The command prints it to stderr and exits 1. Anything else that is raised is a bug and shows its traceback.
    """
