"""The findings of measurements: kept in files, printed for people, and drawn on one page."""
