"""From every earlier schema to the one of today, with what was in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine

import hardening.store
from hardening.store.history import History
from hardening.store.tables import REVISIONS, metadata
from tests.store.examples import build_visit

NUMBERS = dict.fromkeys(
    (
        "passed",
        "failed",
        "errors",
        "not_applicable",
        "gaps_critical",
        "gaps_high",
        "gaps_medium",
        "gaps_low",
        "gaps_info",
    ),
    1,
)


def script() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(hardening.store.__file__).parent / "migrations"))
    return config


def make_old(url: str, revision: str) -> None:
    """Make a store of an earlier schema with one scan in it."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    config = script()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        old = MetaData()
        old.reflect(connection)
        visit = build_visit()
        for digest, content in ((visit.visit.snapshot, visit.snapshot), (visit.visit.results, visit.results)):
            connection.execute(old.tables["documents"].insert().values(digest=digest, content=content))
        texts = dict.fromkeys(("tool_version", "content_digest", "plan_digest", "command"), "x")
        times = dict.fromkeys(("started", "finished", "kept", "exit_code", "targets", "unreached"), 0)
        connection.execute(old.tables["scans"].insert().values(number=1, id="old", **texts, **times, **NUMBERS))
        connection.execute(
            old.tables["visits"]
            .insert()
            .values(
                scan=1,
                target="web-01",
                reached=True,
                snapshot=visit.visit.snapshot,
                results=visit.visit.results,
                **NUMBERS,
            )
        )
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_scan_of_an_earlier_schema_is_read_today(url: str, revision: str) -> None:
    make_old(url, revision)
    history = History.open(url)
    (visit,) = history.visits("old")
    assert ([scan.id for scan in history.scans()], history.read(visit.snapshot)) == (["old"], b"snapshot")


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_schema_of_today_is_that_of_the_code(url: str, revision: str) -> None:
    if revision != "base":
        make_old(url, revision)
    History.open(url)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_every_revision_is_known() -> None:
    known = [each.revision for each in ScriptDirectory.from_config(script()).walk_revisions()]
    assert tuple(reversed(known)) == REVISIONS
