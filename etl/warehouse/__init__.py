"""The warehouse: one DuckDB file, built from the parts of the store with the SQL of queries/.

It may import etl.store and the floors below it. Entry points: `build.build` makes the file, and
`ask.open_warehouse` with `ask.ask` reads it; `explore` has the commands `query`, `show` and `export`,
`spark/` the engine for a cluster.
"""
