"""The report: built, rendered in each format, read back, shown on a terminal."""
