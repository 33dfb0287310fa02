"""Judging stored evidence: a pure function of values. No input, no output, no clock."""
