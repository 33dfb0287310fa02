"""What Alembic runs for each migration: on the connection that `store/engine.py` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from hardening.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
