"""The options of Streamlit: the dashboard's own and the theme are in force, and all others are refused.

Streamlit takes options from the folder that it is started in, from the home folder, the environment and its
command line. One of them lets a header say who somebody is, others open interfaces for programs.
"""

import os
import sys
from collections.abc import Iterable, Mapping

from streamlit import config
from streamlit.config_option import ConfigOption

# Where our options are defined, as Streamlit says it of others.
OURS = "the dashboard"
# Their values are free: the address has a rule of its own, `refuse_elsewhere`.
FREE = ("server.address", "server.port")
NOT_ELSEWHERE = (OURS, ConfigOption.DEFAULT_DEFINITION)
REFUSAL = "the dashboard takes no options of Streamlit but its own and the theme. Remove it there."
# What people write for true and false.
TRUTHS = {
    **dict.fromkeys(("true", "1", "yes", "on", "y", "t"), True),
    **dict.fromkeys(("false", "0", "no", "off", "n", "f"), False),
}


def keep_to(ours: Mapping[str, object]) -> None:
    """Sets our options, and exits if others are set elsewhere, by name.

    Streamlit reads its files again whenever they change while the dashboard runs; then others stay out.
    """
    found = set_elsewhere(ours)
    if found:
        sys.exit("\n".join(f"{name} is set {where}: {REFUSAL}" for name, where in found.items()))

    def keep() -> None:
        # Also those in other words for the default: the text "no" would count as true.
        for name, option in list(config.get_config_options().items()):
            if not is_free(name) and option.where_defined not in NOT_ELSEWHERE:
                config.set_option(name, default_of(name), ConfigOption.DEFAULT_DEFINITION)
        for name, value in ours.items():
            config.set_option(name, value, OURS)

    keep()
    config.on_config_parsed(keep, force_connect=True)


def set_elsewhere(ours: Mapping[str, object]) -> dict[str, str]:
    """The options that are not Streamlit's default, ours, free or of the theme, and where each is set."""
    found = {}
    for name, option in config.get_config_options().items():
        if is_free(name):
            continue
        usual = [default_of(name), *([ours[name]] if name in ours else [])]
        variable = os.environ.get(option.env_var)
        if variable and not is_one_of(variable, usual):
            found[name] = f"by the environment variable {option.env_var}"
        elif option.where_defined not in NOT_ELSEWHERE and not is_one_of(option.value, usual):
            is_file = os.path.isabs(option.where_defined)
            found[name] = f"in {option.where_defined}" if is_file else "on the command line"
    return found


def is_free(name: str) -> bool:
    return name in FREE or name.startswith("theme.")


def default_of(name: str) -> object:
    """What Streamlit takes if nobody sets the option; of some options it is computed."""
    return config._config_options_template[name].value


def is_one_of(value: object, usual: Iterable[object]) -> bool:
    """Whether a value is among these, or a text that says one of them, such as yes for true."""
    text = str(value).strip().casefold()
    return any(
        value == one or text == str(one).casefold() or (isinstance(one, bool) and TRUTHS.get(text) is one)
        for one in usual
    )
