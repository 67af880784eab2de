"""Who gets in and what leaves: sign-in, navigation by role, downloads, and the server's protective settings.

It may import `dashboard.data` and `draw.text`. Entry points: `signin.reader` is what the reader may see, and
`protection.settings` are the settings of the server.
"""
