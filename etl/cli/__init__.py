"""The command line. `options.read_options` reads the arguments; `verbs` has a function for each verb.

This package may import every other package of `etl`. Only `etl/__main__.py` imports it.
"""
