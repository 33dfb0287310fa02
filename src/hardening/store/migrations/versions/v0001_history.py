"""Scans, visits, and documents by digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Written out and not taken from tables.py: a migration says what the schema was, whatever it is now.
_NUMBERS = (
    "passed",
    "failed",
    "errors",
    "not_applicable",
    "gaps_critical",
    "gaps_high",
    "gaps_medium",
    "gaps_low",
    "gaps_info",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "documents",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "scans",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(200), nullable=False, unique=True),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.Column("tool_version", sa.Text, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("plan_digest", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("targets", sa.Integer, nullable=False),
        sa.Column("unreached", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _NUMBERS),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "visits",
        sa.Column("scan", sa.Integer, sa.ForeignKey("scans.number", ondelete="CASCADE"), primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("reached", sa.Boolean, nullable=False),
        sa.Column("snapshot", sa.String(64), sa.ForeignKey("documents.digest"), nullable=False),
        sa.Column("results", sa.String(64), sa.ForeignKey("documents.digest"), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _NUMBERS),
    )
    op.create_index("visits_by_target", "visits", ["target"])
    op.create_index("visits_by_snapshot", "visits", ["snapshot"])
    op.create_index("visits_by_results", "visits", ["results"])
