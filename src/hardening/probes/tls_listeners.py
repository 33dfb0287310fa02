"""TCP sockets of the target that others can reach: whether they speak TLS, in which versions, with which certificate.

The target's own OpenSSL asks, at the target's own addresses. What it cannot offer itself is unreadable, never "not
accepted". Sockets that only the target itself can reach are not asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import (
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
from hardening.probes.listening import SOCKET, read_names, read_ss_line
from hardening.probes.shell import CUT, MAX_REASON, clean, completed, first_line
from hardening.probes.tls_certificate import CERTIFICATE, describe_certificate
from hardening.probes.tls_listeners_script import (
    ANY,
    MOST_SECONDS,
    MOST_SOCKETS,
    SECONDS,
    STARTTLS,
    UNSIGNED,
    VERSIONS,
    build_script,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(name="tls_listeners", privilege=Privilege.ROOT, script=build_script(), slow=True)

_ACCEPTED = "whether a handshake with {} alone comes to a certificate or to its end"
LISTENER: Mapping[str, FieldSpec] = {
    **SOCKET,
    "speaks": FieldSpec(
        FieldType.TEXT,
        f"tls; other; nothing (no answer in {SECONDS} seconds); or not asked (only the machine itself can reach it, or "
        "the port is of a protocol that begins without TLS)",
    ),
    "starttls": FieldSpec(FieldType.TEXT, "the protocol that was asked to change to TLS; absent where TLS comes first"),
    "tls_1_0": FieldSpec(FieldType.BOOLEAN, _ACCEPTED.format("TLS 1.0")),
    "tls_1_1": FieldSpec(FieldType.BOOLEAN, _ACCEPTED.format("TLS 1.1")),
    "tls_1_2": FieldSpec(FieldType.BOOLEAN, _ACCEPTED.format("TLS 1.2")),
    "tls_1_3": FieldSpec(FieldType.BOOLEAN, _ACCEPTED.format("TLS 1.3")),
    **CERTIFICATE,
}
FIELDS: Mapping[str, FieldSpec] = {
    "listeners": FieldSpec(FieldType.RECORDS, "one record for each TCP socket that waits", record=LISTENER),
}

# IANA's registry of ports: these are for protocols that begin with TLS.
_TLS_PORTS = {443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2083, 3269, 5061, 5671, 5986, 6443, 6514, 6697}
_TLS_PORTS |= {8443, 8883}
_ENDED = re.compile(r" New, (?:TLS|SSL)v[0-9.]+, Cipher is .+")
_BYTES = re.compile(r" SSL handshake has read (\d+) bytes and written (\d+) bytes")
_ALERT = re.compile(r" .*:error:.*:([^:]*):[^:]*:\d+:SSL alert number (\d+)")
_ERROR = re.compile(r" .*:error:[^:]*:[^:]*:[^:]*:([^:]*)(?::.*)?")
_BEGIN = " -----BEGIN CERTIFICATE-----"
_PROTOCOL_VERSION = 70
_TIMED_OUT = "124"
# Record, message, version, random and empty lists of a ClientHello; an alert that ends all before it has 7 bytes.
_SHORTEST_HELLO = 50
_BOUNDS = {
    "sockets": f"more than {MOST_SOCKETS} sockets to ask",
    "seconds": f"asking took longer than {MOST_SECONDS} seconds",
}
_UNASKED = {
    "device": "it takes connections from one interface only",
    "address": "its address cannot be connected to",
}


@dataclass(slots=True)
class _Handshake:
    """What OpenSSL said of one handshake, and how it ended."""

    lines: list[str] = field(default_factory=list)
    status: str = ""

    @property
    def has_certificate(self) -> bool:
        return _BEGIN in self.lines

    @property
    def is_accepted(self) -> bool:
        """Whether the other end went on with what was offered: it may still want a certificate of ours."""
        return self.has_certificate or any(map(_ENDED.fullmatch, self.lines))

    @property
    def alert(self) -> int:
        return next((int(match[2]) for line in self.lines if (match := _ALERT.fullmatch(line))), -1)

    @property
    def is_other_version(self) -> bool:
        """Whether the other end answered in a version that was not offered."""
        return self.read > 0 and any(":unsupported protocol:" in f"{line}:" for line in self.lines)

    @property
    def read(self) -> int:
        return next((int(match[1]) for line in self.lines if (match := _BYTES.fullmatch(line))), 0)

    @property
    def written(self) -> int:
        return next((int(match[2]) for line in self.lines if (match := _BYTES.fullmatch(line))), 0)

    @property
    def is_connected(self) -> bool:
        return any(line.startswith(" CONNECTED(") for line in self.lines)

    @property
    def is_tls(self) -> bool:
        return self.is_accepted or self.alert >= 0 or self.is_other_version

    @property
    def trouble(self) -> str:
        """The words of OpenSSL, or of the system that could not connect."""
        for pattern in (_ALERT, _ERROR):
            found = next((match[1] for line in self.lines if (match := pattern.fullmatch(line))), "")
            if found:
                return clean(found[:MAX_REASON])
        return clean(next((line.strip()[:MAX_REASON] for line in self.lines if line[1:2].islower()), ""))


@dataclass(slots=True)
class _Listener:
    """One socket, and what became of asking it."""

    words: str
    skipped: str = ""
    missing: str = ""
    handshakes: dict[str, _Handshake] = field(default_factory=dict)
    certificate: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """Everything that the step told."""

    listeners: list[_Listener] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    users: list[str] = field(default_factory=list)
    bound: str = ""
    now: int = 0


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    seen = _read(answer.text)
    reason = ""
    if answer.cut or "end" not in seen.marks:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
    elif "none" in seen.marks:
        reason = "no running system"
    elif "no ss" in seen.marks:
        reason = "ss is not installed"
    elif "ss failed" in seen.marks:
        reason = first_line(answer.error_text) or "ss failed"
    if reason:
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    evidence: Evidence = {"listeners": _build_listeners(seen)}
    return dict.fromkeys(probes, evidence)


def _read(text: str) -> _Seen:
    seen = _Seen()
    lines: list[str] = []
    for line in text.split("\n")[:-1]:
        key, _, rest = line.partition(" ")
        if line.startswith(" "):
            lines.append(line)
        elif key == "=socket":
            seen.listeners.append(_Listener(rest))
        elif key == "=bound":
            seen.bound = _BOUNDS.get(rest, rest)
        elif key == "=now":
            seen.now = int(rest) if rest.isdecimal() else 0
        elif key in {"=skip", "=tool", "=ask", "=exit", "=certificate"} and seen.listeners:
            opened = _take(seen.listeners[-1], key, rest)
            lines = lines if opened is None else opened
        elif line.startswith("="):
            seen.marks.add(line[1:])
        elif "users" in seen.marks:
            seen.users.append(clean(line))
    return seen


def _take(listener: _Listener, key: str, text: str) -> list[str] | None:
    """Take a line of ours; returns where the lines of OpenSSL go that follow, if that changes."""
    match key:
        case "=skip":
            listener.skipped = text
        case "=tool":
            listener.missing = text
        case "=ask":
            listener.handshakes[text] = _Handshake()
            return listener.handshakes[text].lines
        case "=certificate":
            return listener.certificate
        case _:
            for handshake in list(listener.handshakes.values())[-1:]:
                handshake.status = text
    return None


def _build_listeners(seen: _Seen) -> Field:
    names = read_names(seen.users)
    records = []
    lost = seen.bound
    for listener in seen.listeners:
        record = read_ss_line(clean(listener.words), names, is_root="root" in seen.marks)
        if record is None:
            lost = lost or f"not understood: {clean(listener.words)[:MAX_REASON]}"
        else:
            records.append({**record, **_judge(listener, record, seen.now)})
    # ss lists sockets in no order that would last.
    ordered = tuple(sorted(records, key=lambda record: [str(record[name]) for name in ("endpoint", "address")]))
    return Partial(ordered, lost) if lost else Known(ordered, "openssl s_client")


def _judge(listener: _Listener, record: Record, now: int) -> Record:
    port = record["port"].value if isinstance(record["port"], Known) else 0
    if listener.skipped in _UNASKED:
        return {"speaks": Unreadable(_UNASKED[listener.skipped])}
    if listener.skipped:
        return {"speaks": Known("not asked")}
    if listener.missing:
        return {"speaks": Unreadable(f"{listener.missing} is not installed")}
    word = {"starttls": Known(STARTTLS[port])} if isinstance(port, int) and port in STARTTLS else {}
    first = listener.handshakes.get(ANY, _Handshake())
    if not first.is_tls:
        return {**word, "speaks": _judge_silence(first, is_expected=port in _TLS_PORTS or bool(word))}
    found = {name: _judge_version(listener.handshakes, option) for option, name in VERSIONS.items()}
    return {**word, "speaks": Known("tls"), **found, **describe_certificate(listener.certificate, now, first.trouble)}


def _judge_silence(first: _Handshake, *, is_expected: bool) -> Field:
    """Say what a socket speaks that does not speak TLS; silence proves nothing where TLS was to be expected."""
    if first.status == _TIMED_OUT:
        return Unreadable(f"no answer in {SECONDS} seconds") if is_expected else Known("nothing")
    if not first.is_connected:
        return Unreadable(first.trouble or "openssl did not connect")
    if is_expected and not first.read:
        return Unreadable(first.trouble or "closed without an answer")
    return Known("other")


def _judge_version(handshakes: Mapping[str, _Handshake], option: str) -> Field:
    handshake = handshakes.get(option)
    unsigned = handshakes.get(f"{option} {UNSIGNED}")
    if handshake is None:
        # What the first handshake came to is not offered again.
        return Known(value=True) if handshakes[ANY].is_accepted else Unreadable("not asked")
    if handshake.is_accepted or (unsigned is not None and unsigned.is_accepted):
        return Known(value=True)
    if handshake.alert == _PROTOCOL_VERSION or handshake.is_other_version:
        return Known(value=False)
    if unsigned is not None and unsigned.alert >= 0:
        return Known(value=False)
    if handshake.status == _TIMED_OUT:
        return Unreadable(f"no answer in {SECONDS} seconds")
    if handshake.is_connected and handshake.written < _SHORTEST_HELLO:
        return Unreadable("the target's own OpenSSL does not offer it")
    return Unreadable(handshake.trouble or "the handshake failed")


KIND = ProbeKind(
    name="tls_listeners",
    summary="listening TCP sockets that others can reach: TLS, its versions and certificates",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
