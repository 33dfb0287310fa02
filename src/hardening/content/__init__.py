"""Checks, actions, baselines and measures: from files to values in which every name leads somewhere."""
