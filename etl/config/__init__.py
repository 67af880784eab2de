"""The firm's settings: settings.toml, read strictly and turned into dataclasses.

It may import etl.sql and etl.common. Entry points: `settings.read_settings`, and `access.person_of`, which
identifies a signed-in person.
"""
