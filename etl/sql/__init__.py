"""Reads the SQL files of queries/: their headers, columns and order, and checks the rules for their SQL.

It may import etl.common only. Entry points: `catalog.read_catalog` for all files and `file.read_file` for
one.
"""
