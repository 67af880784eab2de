"""What several pages draw: filters, lists of returns, charts, cards, bars, the timeline, notices, and text.

It may import `dashboard.data` and `dashboard.guard`. Entry points: every page asks with `filters.chosen`, and
`lists.returns_list` draws most answers.
"""
