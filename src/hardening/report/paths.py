"""Who can become administrator of a directory, as a report tells it: the accounts and the steps of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Absent, Known, Partial, Unreadable
from hardening.probes.ad_paths import EDGES, NOT_SEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.model.evidence import Field, Record
    from hardening.model.snapshot import Snapshot

KIND = "ad_control"
PATH_KINDS = ("person", "computer", "managed_service", "trust", "domain_controller", "everybody", "unknown")
MOST_PATHS = 100
"""Ways that a report lists for one target; the snapshot keeps more."""

MOST_STEPS = 50
_NAME_LIMIT = 500


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step: by what, which object it leads to, and that object's name for people where it has another."""

    edge: str
    to: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPath:
    """One account and its shortest way to the administrators. ``usable`` says that somebody can go it now.

    ``enabled`` and ``last_logon`` are absent for what is no account of the domain.
    """

    account: str
    kind: str
    enabled: bool | Absent
    usable: bool
    last_logon: int | Absent
    steps: tuple[PathStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPaths:
    """Who can become administrator of one target's domain without being one.

    ``reason`` says why there may be more than are listed, ``found`` how many there are, ``omitted`` how many of them
    are not listed. ``administrators`` are those who are it by membership. ``edges`` are what was searched for,
    ``not_searched`` what else could lead there.
    """

    target: str
    administrators: int | Absent
    found: int | Absent
    omitted: int
    reason: str
    paths: tuple[ControlPath, ...]
    edges: tuple[str, ...] = EDGES
    not_searched: tuple[str, ...] = NOT_SEARCHED


def build_control_paths(snapshot: Snapshot) -> Iterator[ControlPaths]:
    """Yield what one target's evidence says, if it was asked."""
    for probe, evidence in snapshot.evidence.items():
        if probe.kind != KIND:
            continue
        records, reason = _read_records(evidence.get("paths", ABSENT))
        yield ControlPaths(
            target=snapshot.target,
            administrators=_integer(evidence.get("administrators", ABSENT)),
            found=_integer(evidence.get("found", ABSENT)),
            omitted=max(0, len(records) - MOST_PATHS),
            reason=reason[:_NAME_LIMIT],
            paths=tuple(map(_build_path, records[:MOST_PATHS])),
        )


def _read_records(field: Field) -> tuple[tuple[Record, ...], str]:
    match field:
        case Known(value=tuple(items)):
            return tuple(item for item in items if not isinstance(item, str)), ""
        case Partial(items=items, reason=reason):
            return tuple(item for item in items if not isinstance(item, str)), reason
        case Unreadable(reason=reason):
            return (), reason
        case _:
            return (), "not asked"


def _build_path(record: Record) -> ControlPath:
    enabled = record.get("enabled", ABSENT)
    usable = record.get("usable", ABSENT)
    return ControlPath(
        account=_text(record.get("account", ABSENT)),
        kind=kind if (kind := _text(record.get("kind", ABSENT))) in PATH_KINDS else "unknown",
        enabled=enabled.value if isinstance(enabled, Known) and isinstance(enabled.value, bool) else ABSENT,
        usable=not (isinstance(usable, Known) and usable.value is False),
        last_logon=_integer(record.get("last_logon", ABSENT)),
        steps=tuple(
            PathStep(edge, to[:_NAME_LIMIT], title[:_NAME_LIMIT])
            for edge, to, title in zip(
                *(_texts(record.get(name, ABSENT)) for name in ("edges", "objects", "titles")), strict=False
            )
            if edge in EDGES
        )[:MOST_STEPS],
    )


def _integer(field: Field) -> int | Absent:
    if isinstance(field, Known) and isinstance(field.value, int) and not isinstance(field.value, bool):
        return field.value
    return ABSENT


def _text(field: Field) -> str:
    return field.value[:_NAME_LIMIT] if isinstance(field, Known) and isinstance(field.value, str) else ""


def _texts(field: Field) -> tuple[str, ...]:
    if isinstance(field, Known) and isinstance(field.value, tuple):
        return tuple(item for item in field.value if isinstance(item, str))
    return ()
