"""Recorded servers of Windows, made from one description each, so that all languages tell the same state."""
