"""Verdicts held against outside judges on states that others made up."""
