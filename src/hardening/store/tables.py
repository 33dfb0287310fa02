"""The tables as they are now; `migrations/` leads here from every earlier schema."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from hardening.model.check import Severity

REVISIONS = ("0001",)
"""Every schema there was, oldest first; the last is the one below."""

metadata = MetaData()
COUNTS = ("passed", "failed", "errors", "not_applicable")
GAPS = tuple(f"gaps_{severity}" for severity in Severity)

documents = Table(
    "documents",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
scans = Table(
    "scans",
    metadata,
    # The order in which scans were kept; their clock may have been set back.
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(200), nullable=False, unique=True),
    Column("started", BigInteger, nullable=False),
    Column("finished", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("tool_version", Text, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("targets", Integer, nullable=False),
    Column("unreached", Integer, nullable=False),
    *(Column(name, Integer, nullable=False) for name in (*COUNTS, *GAPS)),
    sqlite_autoincrement=True,
)
visits = Table(
    "visits",
    metadata,
    Column("scan", Integer, ForeignKey("scans.number", ondelete="CASCADE"), primary_key=True),
    Column("target", Text, primary_key=True),
    Column("reached", Boolean, nullable=False),
    Column("snapshot", String(64), ForeignKey("documents.digest"), nullable=False),
    Column("results", String(64), ForeignKey("documents.digest"), nullable=False),
    *(Column(name, Integer, nullable=False) for name in (*COUNTS, *GAPS)),
)
Index("visits_by_target", visits.c.target)
Index("visits_by_snapshot", visits.c.snapshot)
Index("visits_by_results", visits.c.results)
