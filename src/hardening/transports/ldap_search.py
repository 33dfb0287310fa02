"""One search: page by page, ranges fetched to their end, its result code looked at, secrets left out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import ldap3
from ldap3.protocol.microsoft import security_descriptor_control

from hardening.model.ldap_filter import And, Compared, Filter, Negated, Or, Pieces, Present, Ruled, parse_filter
from hardening.model.secret_attributes import is_secret, reduce_value
from hardening.model.step import LdapAnswer, LdapEntry, LdapScope, LdapStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Scope = Literal["BASE", "LEVEL", "SUBTREE"]
_SCOPES: Mapping[LdapScope, _Scope] = {
    LdapScope.BASE: ldap3.BASE,
    LdapScope.ONE: ldap3.LEVEL,
    LdapScope.SUBTREE: ldap3.SUBTREE,
}
_PAGED = "1.2.840.113556.1.4.319"
_RANGE = re.compile(r"(.+);range=([0-9]{1,9})-([0-9]{1,9}|\*)", re.IGNORECASE)
_WILD = frozenset({"*", "+"})
_LIMITS = {
    3: "the server's time limit was reached",
    4: "the server's size limit was reached",
    11: "an administrative limit of the server was reached",
}
_MOST_PAGES = 100_000
_SHORTEST_SHARED = 200
"""Shorter values are seldom the same, and looking for them takes more memory than they do."""


def find_refusal(step: LdapStep) -> str:
    """Return why a search is not sent: it names what holds secrets, or everything; empty if it may be."""
    for attribute in step.attributes:
        if attribute in _WILD:
            return "all attributes are never asked for: secrets could be among them"
        if is_secret(attribute):
            return f"{attribute} holds secrets and is never asked for"
    guessed = [name for name in _list_guesses(parse_filter(step.filter)) if is_secret(name)]
    return f"{guessed[0]} holds secrets, and a filter could guess them" if guessed else ""


def _list_guesses(node: Filter) -> Iterator[str]:
    """Yield the attributes that a filter compares with a value; whether there is one at all gives nothing away."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _list_guesses(part)
        case Negated(part):
            yield from _list_guesses(part)
        case Compared(attribute) | Pieces(attribute) | Ruled(attribute):
            yield attribute
        case Present():
            pass


@dataclass(slots=True)
class Gathered:
    """What has come so far, and why no more will. Security descriptors that many objects share are kept once."""

    entries: list[LdapEntry] = field(default_factory=list)
    shared: dict[bytes, bytes] = field(default_factory=dict)
    bytes: int = 0
    result: int = 0
    message: str = ""
    cut: str = ""


def run_search(connection: ldap3.Connection, step: LdapStep, base: str, *, refers: bool) -> LdapAnswer:
    """Return everything that a search finds, within the limits of its step.

    ``refers`` says that the directory refers to its other parts in every answer, so that this tells nothing. Raises
    what ldap3 raises.
    """
    gathered = Gathered()
    cookie: bytes | None = None
    referred = 0
    for _ in range(_MOST_PAGES):
        _send(connection, step, base, step.attributes, cookie)
        result = connection.result
        gathered.result, gathered.message = int(result["result"]), str(result["message"])
        for response in connection.response or ():
            if response["type"] == "searchResRef":
                referred += 1
            elif response["type"] == "searchResEntry":
                _gather(connection, step, response, gathered)
        cookie = result.get("controls", {}).get(_PAGED, {}).get("value", {}).get("cookie")
        gathered.cut = (
            gathered.cut or _LIMITS.get(gathered.result, "") or _find_excess(step, gathered, more=bool(cookie))
        )
        if not cookie or gathered.result != 0 or gathered.cut:
            break
    if referred and not refers and not gathered.cut:
        gathered.cut = f"{referred} parts lie in other servers, which are not asked"
    return LdapAnswer(
        entries=tuple(gathered.entries[: step.entry_limit]),
        result=gathered.result,
        message=gathered.message,
        cut=gathered.cut,
        bytes=gathered.bytes,
    )


def _find_excess(step: LdapStep, gathered: Gathered, *, more: bool) -> str:
    count = len(gathered.entries)
    if count > step.entry_limit or (count == step.entry_limit and more):
        return f"more than {step.entry_limit} entries"
    return f"more than {step.output_limit} bytes" if gathered.bytes > step.output_limit else ""


def _send(
    connection: ldap3.Connection, step: LdapStep, base: str, attributes: Sequence[str], cookie: bytes | None
) -> None:
    controls = security_descriptor_control(criticality=False, sdflags=step.sd_flags) if step.sd_flags else []
    connection.search(
        base,
        step.filter,
        search_scope=_SCOPES[step.scope],
        dereference_aliases=ldap3.DEREF_NEVER,
        attributes=list(attributes) or [ldap3.NO_ATTRIBUTES],
        controls=controls,
        # A base search finds one entry; some servers refuse to page the root DSE.
        paged_size=None if step.scope is LdapScope.BASE else step.page_size,
        paged_cookie=cookie,
    )


def _gather(connection: ldap3.Connection, step: LdapStep, response: Any, gathered: Gathered) -> None:  # noqa: ANN401 - as ldap3 gives it
    dn = bytes(response["raw_dn"]).decode("utf-8", "backslashreplace")
    found: dict[str, tuple[bytes, ...]] = {}
    for spelt, values in response["raw_attributes"].items():
        name, items = str(spelt), [bytes(value) for value in values or ()]
        if match := _RANGE.fullmatch(name):
            name = match[1]
            if match[3] != "*":
                items += _fetch_ranges(connection, (dn, name, int(match[3]) + 1), step.output_limit, gathered)
        if items and not is_secret(name):
            found[sys.intern(name.lower())] = tuple(_keep(reduce_value(name, value), step, gathered) for value in items)
    gathered.bytes += len(dn)
    gathered.entries.append(LdapEntry(dn, found))


def _keep(value: bytes, step: LdapStep, gathered: Gathered) -> bytes:
    """Return a value as it is kept: thousands of objects have one security descriptor, which is kept once."""
    if not step.sd_flags or len(value) < _SHORTEST_SHARED:
        gathered.bytes += len(value)
        return value
    if value not in gathered.shared:
        gathered.bytes += len(value)
    return gathered.shared.setdefault(value, value)


def _fetch_ranges(
    connection: ldap3.Connection, begin: tuple[str, str, int], limit: int, gathered: Gathered
) -> list[bytes]:
    """Return the values of an attribute of an object, from a number on.

    An answer that goes no further marks the search as cut.
    """
    dn, name, start = begin
    items: list[bytes] = []
    size = 0
    # Nobody reads this answer but us, so what the search itself left behind is put back.
    response, result = connection.response, connection.result
    try:
        while True:
            connection.search(
                dn,
                "(objectClass=*)",
                search_scope=ldap3.BASE,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=[f"{name};range={start}-*"],
            )
            part = _find_range(connection.response or (), name, start)
            if part is None:
                gathered.cut = gathered.cut or f"{name} of {dn} was not shown to its end"
                return items
            values, end = part
            items += values
            size += sum(map(len, values))
            if end == "*":
                return items
            if gathered.bytes + size > limit:
                gathered.cut = gathered.cut or f"more than {limit} bytes"
                return items
            start = int(end) + 1
    finally:
        connection.response, connection.result = response, result


def _find_range(responses: Sequence[Any], name: str, start: int) -> tuple[list[bytes], str] | None:
    for response in responses:
        if response["type"] != "searchResEntry":
            continue
        for spelt, values in response["raw_attributes"].items():
            match = _RANGE.fullmatch(str(spelt))
            if match and match[1].lower() == name.lower() and int(match[2]) == start and values:
                return [bytes(value) for value in values], match[3]
    return None
