"""Entries of an inventory for servers that a directory knows, and where among its lines they go. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.documents.writing import write_text
from hardening.inventory.models import TargetDocument
from hardening.model.server import ServerKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.documents.places import Document
    from hardening.inventory.computers import Computer

WAYS: Mapping[ServerKind, str] = {ServerKind.UNIX: "ssh", ServerKind.WINDOWS_SERVER: "winrm"}
"""How servers of each kind are reached."""

KNOWN_WAYS = frozenset(way for way in WAYS.values() if way in TargetDocument.model_fields)
"""Those of them that an inventory may name."""

_DASH = re.compile(r"( *)-(?: |$)")
_EMPTY = re.compile(r"\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class Login:
    """Who new entries log in as, and with which credential of the inventory; ``""`` is not said."""

    user: str = ""
    credential: str = ""


def render_entries(servers: Sequence[Computer], logins: Mapping[str, Login], *, indent: str = "  ") -> str:
    """Return the lines of an entry for each server; ``logins`` are by way."""
    return "".join(_render_entry(server, logins, indent) for server in servers)


def _render_entry(server: Computer, logins: Mapping[str, Login], indent: str) -> str:
    way = WAYS[server.kind]
    login = logins.get(way, Login())
    user = f", user: {write_text(login.user)}" if login.user else ""
    # Without a password that it could name, Windows is logged in to with the Kerberos ticket that is there.
    auth = ", auth: kerberos" if way == WAYS[ServerKind.WINDOWS_SERVER] and not login.credential else ""
    labels = {"os": server.system, "ou": server.ou, "site": server.site}
    told = ", ".join(f"{name}: {write_text(value)}" for name, value in labels.items() if value)
    lines = [
        f"- name: {write_text(server.host)}",
        f"  {way}: {{address: {write_text(server.host)}{user}{auth}}}",
        *([f"  credential: {write_text(login.credential)}"] if login.credential else []),
        *([f"  labels: {{{told}}}"] if told else []),
    ]
    return "".join(f"{indent}{line}\n" for line in lines)


def insert_entries(
    before: bytes, document: Document, servers: Sequence[Computer], logins: Mapping[str, Login]
) -> bytes:
    """Return an inventory, which ``document`` was parsed from, with entries behind its targets."""
    lines = before.decode("utf-8").splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    at = _find_end(document, lines)
    entries = render_entries(servers, logins, indent=_find_indent(document, lines)).replace("\n", end)
    head = "".join(lines[:at])
    gap = "" if not head or head.endswith(("\n", "\r")) else end
    return (head + gap + entries + "".join(lines[at:])).encode()


def _find_end(document: Document, lines: Sequence[str]) -> int:
    """Return the number of the line that new targets go before: the next key's, or that of the comments above it."""
    own = document.key_place("targets").line
    keys = document.data if isinstance(document.data, dict) else {}
    later = [line for key in keys if (line := document.key_place(key).line) > own]
    if not later:
        return len(lines)
    at = min(later) - 1
    while at > 0 and _EMPTY.fullmatch(lines[at - 1].rstrip("\r\n")):
        at -= 1
    return at


def _find_indent(document: Document, lines: Sequence[str]) -> str:
    """Return how far the targets stand in: their first one begins behind a dash, or below it."""
    at = document.place("targets", 0).line - 1
    while at >= 0:
        if match := _DASH.match(lines[at].removeprefix("\ufeff").rstrip("\r\n")):
            return match[1]
        if not _EMPTY.fullmatch(lines[at].rstrip("\r\n")) and at < document.place("targets", 0).line - 1:
            break
        at -= 1
    return "  "
