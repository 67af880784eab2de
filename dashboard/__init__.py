"""The dashboard: the frame, its pages, and how rows reach them; no SQL and no arithmetic."""
