"""Reads exported files: from the bytes of a file to its records as text in DuckDB.

May import config, sql and common. Entry points: `archive.contents` checks, hashes and unpacks a file,
`stage.stage` reads its records, and `tins.redact` replaces taxpayer numbers in a text.
"""
