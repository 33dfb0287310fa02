"""Time synchronisation: which daemon runs and as whom, whether the clock follows a source, and which are configured.

chrony is asked over its loopback port: over its socket it would have to make a file. Where no daemon can say, systemd
tells what the kernel knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Listing, Seen, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.time_sources import SOURCES, Configured, read_sources
from hardening.probes.time_sync_script import build_script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "time_sync"

DAEMON: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "chrony, timesyncd, ntp, openntpd or ptp"),
    "users": FieldSpec(FieldType.TEXTS, "accounts that its processes run as"),
    "unprivileged": FieldSpec(FieldType.BOOLEAN, "whether a process of it runs as another account than root"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "daemons": FieldSpec(FieldType.RECORDS, "one record for each daemon that runs", record=DAEMON),
    "running": FieldSpec(FieldType.TEXTS, "names of the daemons that run"),
    "synchronised": FieldSpec(FieldType.BOOLEAN, "whether the clock follows a time source now"),
    "servers": FieldSpec(FieldType.TEXTS, "time servers and pools that the configuration names"),
    "source_count": FieldSpec(FieldType.INTEGER, "number of sources that may be used; a pool counts as several"),
}

_PROCESSES = {
    "chronyd": "chrony",
    "systemd-timesyn": "timesyncd",
    "ntpd": "ntp",
    "openntpd": "openntpd",
    "ptp4l": "ptp",
    "phc2sys": "ptp",
}
_DAEMON = re.compile(r"=process (\S+) (\d{1,10}) (\d{1,10})")
# chronyc -c tracking: reference id, name, stratum, nine numbers … and the leap status last.
_LOCAL_CLOCK = ("7F7F0101", "7F7F", "00000000")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the script said after the files."""

    lines: tuple[str, ...]

    def has(self, line: str) -> bool:
        return line in self.lines

    def said(self, word: str) -> str | None:
        """Return the rest of the first line that begins with a word."""
        return next((line[len(word) + 1 :] for line in self.lines if line.split(" ", 1)[0] == word), None)


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=build_script(SOURCES)),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    listing = parse_listing(answer.text, SOURCES)
    body, start, rest = listing.rest.partition("\n=files end\n")
    if answer.cut or not listing.complete or not start or not rest.endswith("=end\n"):
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    seen = _Seen(tuple(clean(rest).split("\n")))
    return dict.fromkeys(probes, _build_evidence(seen, listing, body, first_line(answer.error_text)))


def _build_evidence(seen: _Seen, listing: Listing, body: str, complaint: str) -> Evidence:
    names = {entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE}
    daemons: Field = Known(_read_daemons(seen), "/proc")
    running: Field = Known(tuple(str(_text(record["name"])) for record in _read_daemons(seen)), "/proc")
    if seen.has("=none"):
        daemons = running = Unreadable("no running system")
    active = running.value if isinstance(running, Known) and isinstance(running.value, tuple) else ()
    configured = read_sources(listing, parse_numbered_lines(body, names), [str(name) for name in active])
    return {
        "daemons": daemons,
        "running": running,
        "synchronised": _judge_sync(seen, complaint),
        **_build_sources(configured),
    }


def _text(field: Field) -> object:
    return field.value if isinstance(field, Known) else ""


def _build_sources(configured: Configured) -> Mapping[str, Field]:
    if configured.problem:
        problem = Unreadable(configured.problem)
        return {"servers": Partial(configured.servers, configured.problem), "source_count": problem}
    if not configured.files:
        absent = Absent("no configuration of a time daemon")
        return {"servers": absent, "source_count": absent}
    place = ", ".join(configured.files[:5])
    return {"servers": Known(configured.servers, place), "source_count": Known(configured.count, place)}


def _read_daemons(seen: _Seen) -> tuple[Record, ...]:
    names = {
        uid: name
        for uid, _, name in (
            line.removeprefix("=user ").partition(" ") for line in seen.lines if line.startswith("=user ")
        )
    }
    users: dict[str, list[str]] = {}
    for match in filter(None, map(_DAEMON.fullmatch, seen.lines)):
        found = users.setdefault(_PROCESSES.get(match[1], match[1]), [])
        found.append(names.get(match[3], match[3]))
    return tuple(
        {
            "name": Known(name),
            "users": Known(tuple(dict.fromkeys(accounts))),
            "unprivileged": Known(any(account not in {"root", "0"} for account in accounts)),
        }
        for name, accounts in sorted(users.items())
    )


def _judge_sync(seen: _Seen, complaint: str) -> Field:
    if seen.has("=none"):
        return Unreadable("no running system")
    tracking = seen.said("=chrony")
    if tracking:
        parts = tracking.split(",")
        is_sound = len(parts) > 3 and parts[-1] in {"Normal", "Insert second", "Delete second"}  # noqa: PLR2004 - see above
        return Known(is_sound and not parts[0].startswith(_LOCAL_CLOCK), "chronyc tracking")
    ntp = seen.said("=ntp")
    if ntp:
        leap = re.search(r"\bleap=([0-3]{1,2})\b", ntp)
        if leap is not None:
            return Known(leap[1] not in {"11", "3"}, "ntpq")
    if seen.said("=timesyncd"):
        return Known(seen.said("=timesyncd") == "yes", "/run/systemd/timesync/synchronized")
    kernel = seen.said("=kernel")
    if kernel in {"yes", "no"}:
        return Known(kernel == "yes", "timedatectl")
    return Unreadable(complaint or "nothing on this host can tell")


KIND = ProbeKind(
    name="time_sync",
    summary="time synchronisation: daemons, sources, and whether the clock follows one now",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
