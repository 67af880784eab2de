"""The command line. `options.read_options` reads the arguments; `verbs.VERBS` has the function of each verb.

This package may import every other package of `etl`. Only `etl/__main__.py` imports it.
"""
