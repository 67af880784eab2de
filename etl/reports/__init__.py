"""Files that people get: reports as CSV and Excel, by schedule and by mail, and packs of evidence.

It may import etl.warehouse and the floors below it. Entry points: `files.write_reports` writes reports now,
`runs.write_due` what the schedule says, and `evidence.evidence` a pack.
"""
