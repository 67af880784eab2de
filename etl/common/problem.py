"""The errors that a person can fix."""


class Problem(Exception):
    """An error message that names the file, the line and the rule, and tells the person what to do.

    The command prints it to stderr and exits 1. Any other exception is a bug and shows its traceback.
    """
