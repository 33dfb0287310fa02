"""Opening the database: its settings, its schema, and its errors in our own words."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hardening.errors import StorageError, UsageError
from hardening.store.tables import REVISIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

WAIT_SECONDS = 30
"""How long a writer waits for another one."""

_POSTGRES_LOCK = 0x68617264
_REMEDIES = (
    ("locked", "another scan is writing; try again when it is done"),
    ("full", "free space"),
    ("readonly", "give this account the right to write there"),
    ("unable to open", "give this account the right to write there"),
    ("not a database", "it is damaged: move it away, then import an export or add the scan folders again"),
    ("malformed", "it is damaged: move it away, then import an export or add the scan folders again"),
    ("password authentication failed", "check the account, and its line in ~/.pgpass"),
    ("connection", "check that PostgreSQL runs and lets this account in"),
)


def open_engine(url: str) -> Engine:
    """Return the database behind a URL with its schema up to date.

    Raises ``UsageError`` for a URL that is none of ours, ``StorageError`` where it cannot be opened.
    """
    engine = _create(url)
    with translated(engine):
        if engine.dialect.name == "sqlite":
            _prepare_file(Path(str(engine.url.database)))
        with engine.connect() as connection:
            revision = _read_revision(connection, engine)
        if revision != REVISIONS[-1]:
            _migrate(engine)
    return engine


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn errors of the database into ``StorageError``, with the remedy."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(_describe(engine, error)) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Hold the database for one transaction that is kept as a whole or not at all; writers wait for each other."""
    with (
        translated(engine),
        engine.connect().execution_options(hardening_writes=True) as connection,
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        yield connection


def _create(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            if parsed.password is not None:
                msg = "the URL of the history holds a password; put it into ~/.pgpass, or into the file of PGPASSFILE"
                raise UsageError(msg)
            return create_engine(parsed.set(drivername="postgresql+psycopg"), poolclass=NullPool)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            return _create_sqlite(url)
    except (ArgumentError, NoSuchModuleError) as error:
        msg = "the URL of the history cannot be read; write postgresql://USER@HOST/DATABASE or sqlite:////PATH"
        raise UsageError(msg) from error
    except ImportError as error:
        msg = "the extra for PostgreSQL is not installed; run pip install 'hardening[postgres]'"
        raise UsageError(msg) from error
    msg = "the history is kept in SQLite or PostgreSQL; write postgresql://USER@HOST/DATABASE or sqlite:////PATH"
    raise UsageError(msg)


def _create_sqlite(url: str) -> Engine:
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        if not isinstance(connection, sqlite3.Connection):
            msg = "not a connection of SQLite"
            raise TypeError(msg)
        # Transactions begin where we say; the module would begin them late and without a lock.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("hardening_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare_file(path: Path) -> None:
    """Make the file ours alone from the start; what SQLite puts beside it gets the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _read_revision(connection: Connection, engine: Engine) -> str:
    """Return the schema's revision, empty where there is none yet; raises ``StorageError`` if it is newer than ours."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    if revision not in REVISIONS:
        msg = f"{_name(engine)}: written by a newer version (schema {revision}); upgrade hardening, nothing was changed"
        raise StorageError(msg)
    return revision


def _migrate(engine: Engine) -> None:
    # Imported here: needed once a version, and slow to load.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with writing(engine) as connection:
        # Whoever came first has done it by now.
        if _read_revision(connection, engine) != REVISIONS[-1]:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _describe(engine: Engine, error: SQLAlchemyError | OSError) -> str:
    words = " ".join(str(getattr(error, "orig", None) or getattr(error, "strerror", "") or error).split())
    remedy = next((remedy for mark, remedy in _REMEDIES if mark in words.lower()), "see the message of the database")
    return f"{_name(engine)}: {words[:300]}; {remedy}"


def _name(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.render_as_string(hide_password=True)
