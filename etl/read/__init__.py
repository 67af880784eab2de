"""Reads exported files: from the bytes of a file to its records as text in DuckDB, with nothing dropped unseen.

May import config, sql and common. Entry points: `archive.verified` checks, hashes and unpacks a file, and `stage.stage`
reads its records; `tins.redact` replaces taxpayer numbers in a text.
"""
