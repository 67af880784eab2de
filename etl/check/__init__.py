"""`returntrail load --check`: shows how a file would be read, and settings to paste; stores nothing.

The entry point is `command.check_file`. This package may import `etl.warehouse` and the packages below it.
"""
