"""Care for a data directory: find damage, remove data for good, and apply retention periods.

The entry points are `verify.verify`, `purge.purge` and `retention.apply`. This package may import
`etl.reports`, `etl.access` and the packages below them.
"""
