"""The sign-in that this process began with, and the access rules as the settings have them now.

Whether people must sign in is decided once, so that a file which disappears or breaks later does not open the
dashboard.
"""

from functools import cache

from etl import status
from etl.access import Access
from etl.access.signin import SignIn, configured


def sign_in() -> SignIn | None:
    """The sign-in; None if only this machine is served. Raises a Problem for half a configuration."""
    return sign_in_at_start(status.served_directory())


@cache
def sign_in_at_start(data: status.DataDir) -> SignIn | None:
    """The sign-in at the first call, which is before anything is served."""
    return configured(data)


def rules() -> Access:
    """Who may see what, read again when the settings change. Raises a Problem if [access] is gone."""
    settings = status.current_settings(status.served_directory())
    if settings.access is None:
        raise status.Problem(
            f"{settings.path}: [access] is gone, so nobody is let in. Put it back, or restart the dashboard."
        )
    return settings.access
