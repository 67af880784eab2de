"""The store: turns each exported file into a part, checked, redacted and mapped to the log contract.

May import etl.read, etl.config, etl.sql and etl.common. Entry points: `load` and `load_inbox` in load.py
write parts; `parts` and `check_part` in parts.py find and check them; contents.py reads their events.
"""
