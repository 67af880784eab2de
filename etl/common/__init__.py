"""What every other package needs: paths, problems, atomic files, the lock, the terminal, DuckDB, the system.

It imports nothing else of returntrail. Its entry points are `etl.common.paths.DataDir`, the folders of one
firm's data, and `etl.common.problem.Problem`, an error that a person can fix.
"""
