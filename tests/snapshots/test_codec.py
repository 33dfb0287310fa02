"""Snapshots survive storage whole, and what is not one of ours is refused in words."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from hardening.errors import SnapshotError
from hardening.model.evidence import ABSENT, Field, Known, Partial, Unreadable
from hardening.model.platform import Platform
from hardening.snapshots import codec
from hardening.snapshots.codec import decode_snapshot, encode_snapshot
from tests.snapshots.states import build_snapshot


def test_snapshot_survives_encoding() -> None:
    assert decode_snapshot(encode_snapshot(build_snapshot()), "x") == build_snapshot()


@pytest.mark.parametrize("time", [ABSENT, Unreadable("no date command")])
def test_missing_target_time_survives_encoding(time: object) -> None:
    snapshot = replace(build_snapshot(), target_time=time)  # type: ignore[arg-type] # the two forms of no time
    assert decode_snapshot(encode_snapshot(snapshot), "x") == snapshot


@pytest.mark.parametrize("system", [ABSENT, Unreadable("host down")])
def test_unknown_platform_survives_encoding(system: object) -> None:
    snapshot = replace(build_snapshot(), platform=Platform(os=system))  # type: ignore[arg-type] # as above
    assert decode_snapshot(encode_snapshot(snapshot), "x") == snapshot


RECORDS = tuple({"name": Known(f'"evidence":[] {number}', "[]"), "held": Known(number % 2)} for number in range(60))


@pytest.mark.parametrize(
    "field",
    [
        Known(RECORDS),
        Known(RECORDS, 'place "v":[]'),
        Partial(RECORDS, 'cut off "v":[]'),
        Partial(RECORDS, "cut off []", "[]"),
        Known(tuple(f"[] {number}" for number in range(60)), "[]"),
    ],
)
def test_many_items_survive_encoding(field: Field) -> None:
    snapshot = build_snapshot()
    probe = next(iter(snapshot.evidence))
    many = replace(snapshot, evidence={**snapshot.evidence, probe: {"all[]": field}})
    assert decode_snapshot(encode_snapshot(many), "x") == many


def test_same_snapshot_gives_same_bytes() -> None:
    assert encode_snapshot(build_snapshot()) == encode_snapshot(build_snapshot())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not json"),
        gzip.compress(b"[]"),
        gzip.compress(b'{"format": 1}'),
        encode_snapshot(build_snapshot())[:-20],
        gzip.compress(b"[" * 100_000),
    ],
    ids=["empty", "no gzip", "no json", "no object", "no fields", "cut", "deep"],
)
def test_damaged_snapshot_is_refused_with_its_name(data: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"^web\.gz: "):
        decode_snapshot(data, "web.gz")


def test_snapshot_of_a_newer_format_is_refused() -> None:
    document = json.loads(gzip.decompress(encode_snapshot(build_snapshot())))
    data = gzip.compress(json.dumps({**document, "format": 99}).encode())
    with pytest.raises(SnapshotError, match="format 99"):
        decode_snapshot(data, "web.gz")


def test_snapshot_that_inflates_too_far_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAXIMUM_BYTES", 1000)
    with pytest.raises(SnapshotError, match="larger than"):
        decode_snapshot(gzip.compress(b" " * 2000), "web.gz")
