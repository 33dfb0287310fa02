"""Kinds of questions: recorded cases as data, laws, and live runs of every step in real shells."""
