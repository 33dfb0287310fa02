"""When local users last logged in, as lastlog or lastlog2 of the target recorded it.

Only what opens a session through login, sshd or a desktop is recorded. Where nobody has a record, nothing is known.
"""

from __future__ import annotations

import calendar
import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import ShellStep, Step
from hardening.probes.accounts import is_interactive
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "last_logins"
_USER: Mapping[str, FieldSpec] = {
    "user": FieldSpec(FieldType.TEXT, "login name"),
    "user_id": FieldSpec(FieldType.INTEGER, "the user's number"),
    "interactive": FieldSpec(FieldType.BOOLEAN, "whether the user's shell lets somebody work"),
    "last": FieldSpec(FieldType.TIME, "the last log-on; absent where none was recorded"),
}
_FIELDS: Mapping[str, FieldSpec] = {"users": FieldSpec(FieldType.RECORDS, "local users", _USER)}

# The second field of passwd, which may hold a hash, is read and dropped.
_SCRIPT = """if [ -r /etc/passwd ] && [ -f /etc/passwd ]; then
while IFS=: read -r name word uid gid text home shell || [ "$name" ]; do
printf 'p:%s:%s:%s\\n' "$name" "$uid" "$shell"
done </etc/passwd
fi
if command -v lastlog2 >/dev/null 2>&1 && [ -r /var/lib/lastlog/lastlog2.db ]; then
printf '=lastlog2\\n'
lastlog2
elif command -v lastlog >/dev/null 2>&1 && [ -r /var/log/lastlog ]; then
printf '=lastlog\\n'
lastlog
else printf '=none\\n'
fi
printf '=%s\\n' $?
"""
_PERSON = re.compile(r"p:([^:]+):([0-9]{1,10}):(.*)")
_LATEST = re.compile(
    r".*?[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}([0-9]{1,2})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2}) ([0-9]{4})"
)
_NEVER = "**Never logged in**"
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    lines = answer.text.removesuffix("\n").split("\n")
    tool = next((line[1:] for line in lines if line in {"=lastlog", "=lastlog2", "=none"}), "")
    if answer.cut or not tool or lines[-1] != "=0" or tool == "none":
        missing = "log-ons are not recorded here by lastlog or lastlog2" if tool == "none" else ""
        reason = CUT if answer.cut else first_line(answer.error_text) or missing or "the list did not end"
        return dict.fromkeys(probes, build_unreadable(_FIELDS, reason))
    split = lines.index(f"={tool}")
    field = _build_users(lines[:split], lines[split + 1 : -1], tool)
    return {probe: {"users": field} for probe in probes}


def _build_users(people: Sequence[str], lines: Sequence[str], tool: str) -> Field:
    said = {line.split(maxsplit=1)[0]: line.strip() for line in lines[1:] if line.strip()}
    if not any(_LATEST.fullmatch(text) for text in said.values()):
        return Unreadable("nobody has a record; log-ons may not be recorded here", tool)
    users = [match for line in people if (match := _PERSON.fullmatch(line))]
    return Known(tuple(_build_user(match, said.get(match[1], _NEVER), tool) for match in users), tool)


def _build_user(person: re.Match[str], said: str, tool: str) -> Record:
    name, number, shell = person.groups()
    last: Field = Absent(tool)
    if not said.endswith(_NEVER):
        match = _LATEST.fullmatch(said)
        time = _parse_time(match) if match else None
        last = Unreadable("not a date that is understood", tool) if time is None else Known(time, tool)
    return {
        "user": Known(clean(name), "/etc/passwd"),
        "user_id": Known(int(number), "/etc/passwd"),
        "interactive": Known(is_interactive(shell), "/etc/passwd"),
        "last": last,
    }


def _parse_time(match: re.Match[str]) -> int | None:
    month, day, hour, minute, second, sign, zone_hours, zone_minutes, year = match.groups()
    if month not in _MONTHS or not 1 <= int(day) <= calendar.monthrange(max(int(year), 1), _MONTHS[month])[1]:
        return None
    offset = (int(zone_hours) * 60 + int(zone_minutes)) * 60
    local = calendar.timegm((int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)))
    return local + offset if sign == "-" else local - offset


KIND = ProbeKind(
    name="last_logins",
    summary="when local users last logged in",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
