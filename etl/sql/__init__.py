"""The SQL files of queries/ as Python reads them: their headers, columns, order, and the rules for their SQL.

It may import etl.common only. Entry points: `catalog.read_catalog` for all files and `file.read_file` for
one.
"""
