"""Schemas of the history, one after another; Alembic runs them."""
