"""The history of scans: keep, list, compare numbers, read back, let go."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, RowMapping, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from hardening.errors import SnapshotError, StorageError
from hardening.model.check import Severity
from hardening.model.history import KeptScan, KeptVisit, LoggedVisit, TrendPoint
from hardening.model.judgement import Counts
from hardening.store.engine import open_engine, translated, writing
from hardening.store.tables import documents, scans, visits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_BATCH = 200


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit with its documents, which are kept once however many scans have them."""

    visit: KeptVisit
    snapshot: bytes
    results: bytes

    @classmethod
    def build(
        cls,
        target: str,
        *,
        reached: bool,
        counts: Counts,
        gaps: Mapping[Severity, int],
        snapshot: bytes,
        results: bytes,
    ) -> NewVisit:
        """Return a visit that names its documents by their digests."""
        visit = KeptVisit(
            target=target,
            reached=reached,
            counts=counts,
            gaps=gaps,
            snapshot=digest_document(snapshot),
            results=digest_document(results),
        )
        return cls(visit, snapshot, results)


def digest_document(content: bytes) -> str:
    """Return what a document is addressed by."""
    return hashlib.sha256(content).hexdigest()


class History:
    """Scans in one database. Every method raises ``StorageError`` where the database cannot do it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> History:
        """Open the database behind a URL and bring its schema up to date."""
        return cls(open_engine(url))

    def keep(self, scan: KeptScan, new: Iterable[NewVisit]) -> None:
        """Keep a scan as a whole or not at all; raises ``StorageError`` also if its id is taken."""
        with writing(self._engine) as connection:
            if connection.execute(select(scans.c.number).where(scans.c.id == scan.id)).first():
                msg = f"{scan.id}: is in the history already"
                raise StorageError(msg)
            row = {**_numbers(scan.counts, scan.gaps), **_plain(scan)}
            number = connection.execute(scans.insert().values(row).returning(scans.c.number)).scalar_one()
            batch: list[NewVisit] = []
            for each in new:
                batch.append(each)
                if len(batch) >= _BATCH:
                    _insert(connection, number, batch)
                    batch = []
            _insert(connection, number, batch)

    def scans(self, *, last: int = 0) -> tuple[KeptScan, ...]:
        """Return scans in the order in which they were kept; only the ``last`` ones if that is not 0."""
        query = select(scans).order_by(scans.c.number.desc())
        with translated(self._engine), self._engine.connect() as connection:
            rows = connection.execute(query.limit(last) if last else query).mappings().all()
        return tuple(_read_scan(row) for row in reversed(rows))

    def visits(self, scan: str) -> tuple[KeptVisit, ...]:
        """Return the visits of a scan by target name; none if there is no such scan."""
        query = select(visits).join(scans).where(scans.c.id == scan).order_by(visits.c.target)
        with translated(self._engine), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            KeptVisit(
                target=row["target"],
                reached=row["reached"],
                counts=_read_counts(row),
                gaps=_read_gaps(row),
                snapshot=row["snapshot"],
                results=row["results"],
            )
            for row in rows
        )

    def read(self, digest: str) -> bytes:
        """Return a document; raises ``SnapshotError`` if it is not there, or no longer what it was."""
        with translated(self._engine), self._engine.connect() as connection:
            content = connection.execute(select(documents.c.content).where(documents.c.digest == digest)).scalar()
        if content is None or digest_document(content) != digest:
            what = "missing" if content is None else "damaged"
            msg = f"document {digest[:12]} of the history is {what}; restore the history from a backup or an export"
            raise SnapshotError(msg)
        return bytes(content)

    def trend(self, *, target: str = "", last: int = 0) -> tuple[TrendPoint, ...]:
        """Return the numbers of scans in the order in which they were kept, of one target if it is named."""
        source = visits if target else scans
        names = [column for column in source.c if column.name.startswith("gaps_") or column.name in _COUNTS]
        query = select(scans.c.id, scans.c.started, scans.c.content_digest, *names).order_by(scans.c.number.desc())
        if target:
            query = query.add_columns(visits.c.reached).join(visits).where(visits.c.target == target)
        else:
            query = query.add_columns(scans.c.targets, scans.c.unreached)
        with translated(self._engine), self._engine.connect() as connection:
            rows = connection.execute(query.limit(last) if last else query).mappings().all()
        return tuple(
            TrendPoint(
                scan=row["id"],
                started=row["started"],
                content_digest=row["content_digest"],
                targets=1 if target else row["targets"],
                unreached=int(not row["reached"]) if target else row["unreached"],
                counts=_read_counts(row),
                gaps=_read_gaps(row),
            )
            for row in reversed(rows)
        )

    def visits_before(self, started: int, *, last: int) -> Iterator[LoggedVisit]:
        """Yield the visits of the ``last`` scans that began before a moment, the latest scan first."""
        earlier = (
            select(scans.c.number).where(scans.c.started < started).order_by(scans.c.number.desc()).limit(last)
        ).scalar_subquery()
        names = [visits.c[name] for name in (*_COUNTS, *(f"gaps_{severity}" for severity in Severity))]
        query = (
            select(
                *(scans.c.id, scans.c.started, scans.c.content_digest),
                *(visits.c.target, visits.c.reached, visits.c.results, *names),
            )
            .join(visits)
            .where(scans.c.number.in_(earlier))
            .order_by(scans.c.number.desc(), visits.c.target)
        )
        with translated(self._engine), self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_BATCH).execute(query).mappings():
                yield LoggedVisit(
                    scan=row["id"],
                    started=row["started"],
                    content_digest=row["content_digest"],
                    target=row["target"],
                    reached=row["reached"],
                    counts=_read_counts(row),
                    results=row["results"],
                    gaps=_read_gaps(row),
                )

    def remove(self, ids: Sequence[str]) -> int:
        """Remove scans, and documents that no other scan has; return how many scans there were."""
        with writing(self._engine) as connection:
            found = connection.execute(select(scans.c.number).where(scans.c.id.in_(ids))).scalars().all()
            connection.execute(delete(visits).where(visits.c.scan.in_(found)))
            connection.execute(delete(scans).where(scans.c.number.in_(found)))
            used = exists().where(or_(visits.c.snapshot == documents.c.digest, visits.c.results == documents.c.digest))
            connection.execute(delete(documents).where(~used))
        return len(found)

    def damaged(self) -> Iterator[str]:
        """Yield the digest of every document that is no longer what it was."""
        with translated(self._engine), self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_BATCH).execute(select(documents))
            for digest, content in rows:
                if digest_document(content) != digest:
                    yield digest

    def count(self) -> int:
        """Return how many scans there are."""
        with translated(self._engine), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(scans)).scalar_one()


_COUNTS = ("passed", "failed", "errors", "not_applicable")


def _insert(connection: Connection, number: int, batch: Sequence[NewVisit]) -> None:
    if not batch:
        return
    contents = {each.visit.snapshot: each.snapshot for each in batch}
    contents.update({each.visit.results: each.results for each in batch})
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(documents).on_conflict_do_nothing(),
        [{"digest": digest, "content": content} for digest, content in contents.items()],
    )
    connection.execute(
        visits.insert(),
        [
            {
                "scan": number,
                "target": each.visit.target,
                "reached": each.visit.reached,
                "snapshot": each.visit.snapshot,
                "results": each.visit.results,
                **_numbers(each.visit.counts, each.visit.gaps),
            }
            for each in batch
        ],
    )


def _plain(scan: KeptScan) -> dict[str, object]:
    return {name: getattr(scan, name) for name in scan.__slots__ if name not in {"counts", "gaps"}}


def _numbers(counts: Counts, gaps: Mapping[Severity, int]) -> dict[str, int]:
    numbers = {name: getattr(counts, name) for name in _COUNTS}
    return {**numbers, **{f"gaps_{severity}": gaps.get(severity, 0) for severity in Severity}}


def _read_scan(row: RowMapping) -> KeptScan:
    plain = {name: row[name] for name in KeptScan.__slots__ if name not in {"counts", "gaps"}}
    return KeptScan(**plain, counts=_read_counts(row), gaps=_read_gaps(row))


def _read_counts(row: RowMapping) -> Counts:
    return Counts(**{name: row[name] for name in _COUNTS})


def _read_gaps(row: RowMapping) -> dict[Severity, int]:
    return {severity: row[f"gaps_{severity}"] for severity in Severity}
