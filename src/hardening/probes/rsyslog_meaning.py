"""What a configuration of rsyslog does with messages: where they are sent, from where they come, which files they make.

Actions count where messages reach them: in the default rule set, in those of inputs, and in those that these call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hardening.probes.rsyslog_syntax import Statement

_DEFAULT = "rsyslog_defaultruleset"
_LEGACY_TARGET = re.compile(r"(@@?)(?:\([^)]*\))?(?:\[([^\]]*)\]|([^;:#\s]*))(?::([^;\s#]+))?")
_LEGACY_RELP = re.compile(r":omrelp:(?:\[([^\]]*)\]|([^;:#\s]+))(?::([^;\s#]+))?")
_TLS_DRIVERS = frozenset({"gtls", "ossl", "mbedtls"})
_SENDERS = {
    "omfwd": "",
    "omrelp": "relp",
    "omdtls": "dtls",
    "omkafka": "kafka",
    "omelasticsearch": "elasticsearch",
    "omhttp": "http",
    "omamqp1": "amqp",
    "omrabbitmq": "amqp",
    "omgssapi": "gssapi",
    "omhiredis": "redis",
}
_RECEIVERS = {"imudp": "udp", "imtcp": "tcp", "imptcp": "tcp", "imrelp": "relp", "imdtls": "dtls", "imgssapi": "gssapi"}
_LEGACY_RECEIVERS = {
    "$udpserverrun": "imudp",
    "$inputtcpserverrun": "imtcp",
    "$inputptcpserverrun": "imptcp",
    "$inputrelpserverrun": "imrelp",
    "$inputgssserverrun": "imgssapi",
}
_LEGACY_BINDINGS = frozenset(
    {
        "$inputtcpserverbindruleset",
        "$inputudpserverbindruleset",
        "$inputptcpserverbindruleset",
        "$inputrelpserverbindruleset",
        "$defaultruleset",
    }
)
_OCTAL = re.compile(r"[0-7]{3,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that messages are sent to."""

    host: str
    port: str
    protocol: str
    tls: bool
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One way in which messages come from other hosts."""

    module: str
    protocol: str
    address: str
    port: str
    place: str


@dataclass(slots=True)
class Meaning:
    """What was understood; ``modes`` are those of files that actions make, with where they are set."""

    targets: list[Target] = field(default_factory=list)
    receivers: list[Receiver] = field(default_factory=list)
    modes: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    """What holds while statements are walked through, and what was found by rule set."""

    ruleset: str = _DEFAULT
    stack: list[str] = field(default_factory=list)
    opened: str = ""
    driver: str = ""
    legacy_mode: int = 0o644
    module_mode: int = 0o644
    stream_mode: str = "0"
    umask: int = 0o022
    udp_address: str = ""
    started: set[str] = field(default_factory=lambda: {_DEFAULT})
    loaded: set[str] = field(default_factory=set)
    calls: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    targets: list[tuple[str, Target]] = field(default_factory=list)
    receivers: list[Receiver] = field(default_factory=list)
    modes: list[tuple[str, int, str]] = field(default_factory=list)


def understand(statements: Iterable[Statement]) -> Meaning:
    """Return what a configuration does."""
    state = _State()
    for statement in statements:
        _take(statement, state)
    reached = _reach(state)
    return Meaning(
        targets=[target for ruleset, target in state.targets if ruleset in reached],
        receivers=[receiver for receiver in state.receivers if receiver.module in state.loaded],
        modes=[(mode & ~state.umask, place) for ruleset, mode, place in state.modes if ruleset in reached],
    )


def _take(statement: Statement, state: _State) -> None:
    if statement.word.startswith("$"):
        _take_directive(statement, state)
    elif statement.word in _TAKERS:
        _TAKERS[statement.word](statement, state)


def _open(_statement: Statement, state: _State) -> None:
    state.stack.append(state.ruleset)
    state.ruleset = state.opened or state.ruleset
    state.opened = ""


def _close(_statement: Statement, state: _State) -> None:
    state.ruleset = state.stack.pop() if state.stack else _DEFAULT


def _name_ruleset(statement: Statement, state: _State) -> None:
    state.opened = statement.value("name").lower()


def _call(statement: Statement, state: _State) -> None:
    state.calls[state.ruleset].add(statement.text.lower())


def _set_global(statement: Statement, state: _State) -> None:
    state.driver = statement.value("defaultnetstreamdriver", "netstreamdriver").lower() or state.driver
    state.umask = _parse_mode(statement.value("umask"), state.umask)


def _load(statement: Statement, state: _State) -> None:
    name = statement.value("load").lower().rpartition("/")[2].removesuffix(".so").removeprefix("builtin:")
    state.loaded.add(name)
    if name == "omfile":
        state.module_mode = _parse_mode(statement.value("filecreatemode"), state.module_mode)


def _take_input(statement: Statement, state: _State) -> None:
    module = statement.value("type").lower()
    if statement.value("ruleset"):
        state.started.add(statement.value("ruleset").lower())
    if module in _RECEIVERS:
        for port in statement.values.get("port", ("",)):
            state.receivers.append(
                Receiver(
                    module=module,
                    protocol=_RECEIVERS[module],
                    address=statement.value("address"),
                    port=port,
                    place=statement.place,
                )
            )


def _take_action(statement: Statement, state: _State) -> None:
    name = statement.value("type").lower().removeprefix("builtin:")
    if name == "omfile":
        mode = _parse_mode(statement.value("filecreatemode"), state.module_mode)
        state.modes.append((state.ruleset, mode, statement.place))
    if name not in _SENDERS:
        return
    driver = statement.value("streamdriver", "streamdriver.name").lower() or state.driver
    stream_mode = statement.value("streamdrivermode", "streamdriver.mode") or "0"
    tls = name == "omdtls" or statement.value("tls", "usehttps").lower() == "on"
    tls = tls or (name == "omfwd" and driver in _TLS_DRIVERS and stream_mode != "0")
    hosts = [host for key in ("target", "server", "broker", "host") for host in statement.values.get(key, ())]
    for host in hosts:
        target = Target(
            host=host,
            port=statement.value("port", "serverport") or ("514" if name == "omfwd" else ""),
            protocol=_SENDERS[name] or statement.value("protocol").lower() or "udp",
            tls=tls,
            place=statement.place,
        )
        state.targets.append((state.ruleset, target))


def _take_legacy(statement: Statement, state: _State) -> None:
    text = statement.text
    if text.startswith(("/", "-/", "?", "-?")):
        state.modes.append((state.ruleset, state.legacy_mode, statement.place))
        return
    relp = _LEGACY_RELP.match(text)
    if relp is not None:
        target = Target(
            host=relp[1] or relp[2], port=relp[3] or "514", protocol="relp", tls=False, place=statement.place
        )
        state.targets.append((state.ruleset, target))
        return
    match = _LEGACY_TARGET.match(text)
    if match is not None and (match[2] or match[3]):
        tls = match[1] == "@@" and state.driver in _TLS_DRIVERS and state.stream_mode != "0"
        target = Target(
            host=match[2] or match[3],
            port=match[4] or "514",
            protocol="tcp" if match[1] == "@@" else "udp",
            tls=tls,
            place=statement.place,
        )
        state.targets.append((state.ruleset, target))


def _take_directive(statement: Statement, state: _State) -> None:
    value, word = statement.text, statement.word
    if word in _LEGACY_BINDINGS:
        state.started.add(value.lower())
    elif word in _LEGACY_RECEIVERS:
        module = _LEGACY_RECEIVERS[word]
        address = state.udp_address if module == "imudp" else ""
        state.receivers.append(
            Receiver(module=module, protocol=_RECEIVERS[module], address=address, port=value, place=statement.place)
        )
    else:
        _take_setting(word, value, state)


def _take_setting(word: str, value: str, state: _State) -> None:
    match word:
        case "$modload":
            state.loaded.add(value.lower().rpartition("/")[2].removesuffix(".so"))
        case "$filecreatemode":
            state.legacy_mode = _parse_mode(value, state.legacy_mode)
        case "$umask":
            state.umask = _parse_mode(value, state.umask)
        case "$defaultnetstreamdriver":
            state.driver = value.lower()
        case "$actionsendstreamdrivermode":
            state.stream_mode = value
        case "$resetconfigvariables":
            state.legacy_mode, state.stream_mode = 0o644, "0"
        case "$ruleset":
            state.ruleset = value.lower()
        case "$udpserveraddress":
            state.udp_address = "" if value == "*" else value
        case _:
            pass


def _reach(state: _State) -> set[str]:
    reached: set[str] = set()
    waiting = list(state.started)
    while waiting:
        ruleset = waiting.pop()
        if ruleset not in reached:
            reached.add(ruleset)
            waiting += state.calls[ruleset]
    return reached


def _parse_mode(text: str, default: int) -> int:
    return int(text, 8) if _OCTAL.fullmatch(text) else default


_TAKERS: dict[str, Callable[[Statement, _State], None]] = {
    "{": _open,
    "}": _close,
    "ruleset": _name_ruleset,
    "call": _call,
    "global": _set_global,
    "module": _load,
    "input": _take_input,
    "action": _take_action,
    "legacy": _take_legacy,
}
