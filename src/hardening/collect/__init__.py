"""Touching targets: what will be asked (plan), one visit, many visits. Judges nothing."""
