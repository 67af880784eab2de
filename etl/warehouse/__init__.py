"""The warehouse: the parts of the store and the SQL of queries/ become one DuckDB file, which answers.

It may import etl.store and what is below it. Entry points: `build.build` makes the file, and
`ask.open_warehouse` with `ask.ask` reads it; `explore` has the commands `query`, `show` and `export`,
`spark/` the engine for a cluster.
"""
