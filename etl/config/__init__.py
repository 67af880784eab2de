"""The firm's settings: settings.toml, read strictly and turned into dataclasses.

It imports `etl.sql` and `etl.common`. Its entry points are `etl.config.settings.read_settings` and
`etl.config.access.person_of`, which says who a signed-in person is.
"""
