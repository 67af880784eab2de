"""`returntrail load --check`: shows how a file would be read, and settings to paste; stores nothing.

The entry point is `command.check_file`. For each content, `inspect` takes the steps of a load, `describe`
says what was found, as the texts of `findings`, and `source_lines` proposes a [[source]]. `proposal` makes
text of these, once for all that are equal, and `terminal` prints everything. This package may import
`etl.warehouse` and the packages below it.
"""
