"""What the history keeps, on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from hardening.errors import SnapshotError, StorageError, UsageError
from hardening.store.history import History, NewVisit, digest_document
from tests.store.examples import build_scan, build_visit


def test_scan_comes_back_as_it_was_kept(history: History) -> None:
    history.keep(build_scan(), [build_visit()])
    assert history.scans() == (build_scan(),)


def test_visits_come_back_by_target(history: History) -> None:
    history.keep(build_scan(), [build_visit("web-02"), build_visit("web-01")])
    assert history.visits("s1") == (build_visit("web-01").visit, build_visit("web-02").visit)


def test_document_comes_back_by_its_digest(history: History) -> None:
    history.keep(build_scan(), [build_visit(snapshot=b"\0\xff")])
    assert history.read(digest_document(b"\0\xff")) == b"\0\xff"


def test_equal_documents_are_kept_once(history: History, url: str) -> None:
    for name in ("s1", "s2"):
        history.keep(build_scan(name), [build_visit("web-01"), build_visit("web-02")])
    assert count(url, "documents") == 2


def test_order_is_that_of_keeping_though_the_clock_was_set_back(history: History) -> None:
    history.keep(build_scan("later", 2_000), [])
    history.keep(build_scan("earlier", 1_000), [])
    assert [scan.id for scan in history.scans()] == ["later", "earlier"]


def test_last_scans_are_listed(history: History) -> None:
    for number in range(4):
        history.keep(build_scan(f"s{number}"), [])
    assert [scan.id for scan in history.scans(last=2)] == ["s2", "s3"]


def test_scan_is_kept_as_a_whole_or_not_at_all(history: History, url: str) -> None:
    def broken() -> Iterator[NewVisit]:
        yield from (build_visit(f"web-{number}", snapshot=str(number).encode()) for number in range(500))
        msg = "gone"
        raise StorageError(msg)

    with pytest.raises(StorageError, match="gone"):
        history.keep(build_scan(), broken())
    assert (history.scans(), count(url, "documents"), count(url, "visits")) == ((), 0, 0)


def test_id_is_kept_once(history: History) -> None:
    history.keep(build_scan(), [])
    with pytest.raises(StorageError, match="in the history already"):
        history.keep(build_scan(), [])


def test_scans_at_the_same_time_are_all_kept(url: str) -> None:
    def keep(name: str) -> None:
        own = History.open(url)
        for number in range(5):
            own.keep(build_scan(f"{name}{number}"), [build_visit(f"web-{each}") for each in range(20)])

    threads = [threading.Thread(target=keep, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(History.open(url).scans()) == 20


def test_trend_is_of_all_targets_or_of_one(history: History) -> None:
    history.keep(build_scan("s1", targets=2), [build_visit("web-01"), build_visit("web-02")])
    history.keep(build_scan("s2"), [build_visit("web-02")])
    whole, one = history.trend(), history.trend(target="web-01")
    assert [(p.scan, p.targets) for p in whole] == [("s1", 2), ("s2", 1)]
    assert [(p.scan, p.targets, p.unreached) for p in one] == [("s1", 1, 0)]


def test_removed_scan_takes_along_what_no_other_has(history: History, url: str) -> None:
    history.keep(build_scan("s1"), [build_visit(snapshot=b"one")])
    history.keep(build_scan("s2"), [build_visit(snapshot=b"two")])
    assert (history.remove(["s1", "absent"]), [scan.id for scan in history.scans()]) == (1, ["s2"])
    assert count(url, "documents") == 2


def test_damaged_document_is_named_and_not_returned(history: History, url: str) -> None:
    history.keep(build_scan(), [build_visit()])
    change(url, "UPDATE documents SET content = :content WHERE digest = :digest", digest=digest_document(b"snapshot"))
    assert list(history.damaged()) == [digest_document(b"snapshot")]
    with pytest.raises(SnapshotError, match="is damaged"):
        history.read(digest_document(b"snapshot"))


def test_missing_document_is_an_error(history: History) -> None:
    with pytest.raises(SnapshotError, match="is missing"):
        history.read("0" * 64)


def test_store_of_a_newer_version_is_left_alone(history: History, url: str) -> None:
    history.keep(build_scan(), [])
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match=r"newer version \(schema 9999\); upgrade hardening"):
        History.open(url)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("mysql://db/x", "SQLite or PostgreSQL"),
        ("nonsense", "cannot be read"),
        ("postgresql://audit:Sommer@db/x", "holds a password"),
    ],
)
def test_url_of_something_else_is_refused_without_its_password(bad: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        History.open(bad)
    assert "Sommer" not in str(caught.value)


def count(url: str, table: str) -> int:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        number = connection.execute(
            text(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
        ).scalar_one()
    engine.dispose()
    return int(number)


def change(url: str, statement: str, **values: object) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(statement), {"content": b"changed", **values})
    engine.dispose()
