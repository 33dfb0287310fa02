"""Sockets that wait for others to connect or send, with their owners, as `ss` or the kernel's tables tell.

Who owns a socket is shown to root only. Without `ss` there are sockets but no owners.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
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
from hardening.probes.shell import CUT, MAX_REASON, clean, completed, first_line, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "listening"

SOCKET: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "endpoint, address and process in one text"),
    "endpoint": FieldSpec(FieldType.TEXT, "protocol and port, such as tcp/22"),
    "protocol": FieldSpec(FieldType.TEXT, "tcp or udp"),
    "address": FieldSpec(FieldType.TEXT, "the address; * for all addresses of both families"),
    "port": FieldSpec(FieldType.INTEGER, "the port"),
    "family": FieldSpec(FieldType.TEXT, "ipv4, ipv6 or both"),
    "scope": FieldSpec(FieldType.TEXT, "who can reach the address: loopback, link, specific or all"),
    "process": FieldSpec(FieldType.TEXT, "name of the process; absent where the kernel itself listens"),
    "pid": FieldSpec(FieldType.INTEGER, "its number"),
    "uid": FieldSpec(FieldType.INTEGER, "user id that opened the socket"),
    "user": FieldSpec(FieldType.TEXT, "name of that user; the number as text if it has no name"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "sockets": FieldSpec(FieldType.RECORDS, "one record for each socket that waits", record=SOCKET),
}

USERS = r"""
printf '=users\n'
count=0
[ ! -r /etc/passwd ] || while IFS=: read -r name x uid rest && [ $count -lt 2000 ]; do
  count=$((count + 1))
  printf '%s %s\n' "$uid" "$name"
done </etc/passwd
""".lstrip("\n")
"""Lines of shell that print a part `users`: the number and name of each account."""

# `read` takes a whole line of the kernel's tables: they are made for reading in pieces.
_SCRIPT = (
    r"""
if [ ! -d "/proc/sys/kernel$hardening_at_rest" ]; then printf '=none\n=end\n'; exit 0; fi
if [ -O /proc/sys/kernel ]; then printf '=root\n'; fi
if command -v ss >/dev/null && said=$(ss -l -n -t -u -p -e); then
  printf '=ss\n%s\n' "$said"
else
  for name in tcp tcp6 udp udp6; do
    [ -r "/proc/net/$name" ] || continue
    printf '=proc %s\n' "$name"
    while IFS= read -r line; do printf '%s\n' "$line"; done <"/proc/net/$name"
  done
fi
""".lstrip("\n")
    + USERS
    + "printf '=end\\n'\n"
)

_SS_LINE = re.compile(r"(tcp|udp)\s+(LISTEN|UNCONN)\s+\d+\s+\d+\s+(\S+)\s+(\S+)\s*(.*)")
_USERS = re.compile(r'\("(.*?)",(?:pid=)?(\d{1,10}),(?:fd=)?\d+\)')
_UID = re.compile(r"(?:^|\s)uid:(\d{1,10})(?:\s|$)")
_PROC_LINE = re.compile(
    r"\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)\s.*"
)
_WAITING = {"tcp": "0A", "udp": "07"}
_NO_OWNER = "owners are shown to root only"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    parts = _split_parts(clean(answer.text))
    if answer.cut or "end" not in parts:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    if "none" in parts:
        return dict.fromkeys(probes, build_unreadable(FIELDS, "no running system"))
    evidence: Evidence = {"sockets": _read_sockets(parts)}
    return dict.fromkeys(probes, evidence)


def _split_parts(text: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n")[:-1]:
        if line.startswith("="):
            lines = parts.setdefault(line[1:], [])
        else:
            lines.append(line)
    return parts


def _read_sockets(parts: Mapping[str, Sequence[str]]) -> Field:
    names = read_names(parts.get("users", ()))
    found: list[Record] = []
    lost = ""
    for line in parts.get("ss", ())[1:]:
        record = read_ss_line(line, names, is_root="root" in parts)
        if record is None:
            lost = lost or f"not understood: {line[:MAX_REASON]}"
        else:
            found.append(record)
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in parts.get(f"proc {protocol}", ())[1:]:
            match = _PROC_LINE.fullmatch(line)
            if match is None:
                lost = lost or f"not understood: {line[:MAX_REASON]}"
            elif match[3] == _WAITING[protocol[:3]]:
                found.append(_read_kernel_line(protocol[:3], match, names))
    if "ss" not in parts and not any(name.startswith("proc ") for name in parts):
        return Unreadable("neither ss nor the kernel's tables could be read")
    return Partial(tuple(found), lost) if lost else Known(tuple(found), "ss" if "ss" in parts else "/proc/net")


def read_names(lines: Sequence[str]) -> dict[str, str]:
    """Return the names of accounts by number; of several with one number the first counts."""
    return {uid: name for uid, _, name in (line.partition(" ") for line in reversed(lines))}


def read_ss_line(line: str, names: Mapping[str, str], *, is_root: bool) -> Record | None:
    """Return the socket of a line of ``ss -l -n -t -u -p -e``; None if it is no such line."""
    match = _SS_LINE.fullmatch(line)
    if match is None:
        return None
    address, colon, port = match[3].rpartition(":")
    number = parse_decimal(port)
    if not colon or number is None:
        return None
    # systemd may hold a socket together with the service that it starts.
    owners = _USERS.findall(match[5])
    owner = next((found for found in owners if found[0] != "systemd"), owners[0] if owners else None)
    uid = _UID.search(match[5].rpartition("))")[2])
    unknown = Absent("ss") if is_root else Unreadable(_NO_OWNER, "ss")
    return _build(
        match[1],
        address.strip("[]"),
        number,
        uid[1] if uid else "0",
        names,
        process=Known(owner[0], "ss") if owner else unknown,
        pid=Known(int(owner[1]), "ss") if owner else unknown,
    )


def _read_kernel_line(protocol: str, match: re.Match[str], names: Mapping[str, str]) -> Record:
    unknown = Unreadable("ss is not installed", "/proc/net")
    words = (match[1][at : at + 8] for at in range(0, len(match[1]), 8))
    packed = b"".join(bytes.fromhex(word)[::-1] for word in words if len(word) == 8)  # noqa: PLR2004 - four bytes
    try:
        address = str(ip_address(packed))
    except ValueError:
        address = match[1]
    # The kernel's table does not tell whether such a socket takes IPv4 too: it does unless told otherwise.
    shown = "*" if address == "::" else address
    return _build(protocol, shown, int(match[2], 16), match[4], names, process=unknown, pid=unknown)


def _build(
    protocol: str, address: str, port: int, uid: str, names: Mapping[str, str], *, process: Field, pid: Field
) -> Record:
    bare, _, device = address.partition("%")
    bare = bare.strip("[]")
    owner = f" ({process.value})" if isinstance(process, Known) else ""
    return {
        "name": Known(f"{protocol}/{port} {bare}{owner}"),
        "endpoint": Known(f"{protocol}/{port}"),
        "protocol": Known(protocol),
        "address": Known(bare),
        "port": Known(port),
        "family": Known("both" if bare == "*" else "ipv6" if ":" in bare else "ipv4"),
        "scope": _judge_scope(bare, device),
        "process": process,
        "pid": pid,
        "uid": Known(int(uid)),
        "user": Known(names.get(uid, uid)),
    }


def _judge_scope(address: str, device: str) -> Field:
    if device == "lo":
        return Known("loopback")
    if address in {"*", "0.0.0.0", "::"}:  # noqa: S104 - it is read here, not bound
        return Known("all")
    try:
        parsed = ip_address(address)
    except ValueError:
        return Unreadable(f"not an address: {address[:MAX_REASON]}")
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return Known("loopback")
    return Known("link" if parsed.is_link_local else "specific")


KIND = ProbeKind(
    name="listening",
    summary="sockets that wait for others to connect or send, with their owners",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
