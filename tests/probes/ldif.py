"""Entries of a directory as LDIF (RFC 2849), the form in which recorded cases keep them."""

from __future__ import annotations

import base64
from collections import defaultdict

from hardening.model.step import LdapEntry


def parse_ldif(text: str) -> tuple[LdapEntry, ...]:
    """Return the entries of a text; lines with ``#`` in front are comments, values after ``::`` are base64."""
    entries = []
    for block in text.replace("\r\n", "\n").replace("\n ", "").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(("#", "version:"))]
        if lines:
            (name, dn), *rest = map(_parse_line, lines)
            assert name == "dn", f"an entry begins with dn, not with {name}"
            attributes: dict[str, list[bytes]] = defaultdict(list)
            for attribute, value in rest:
                attributes[attribute.lower()].append(value)
            entries.append(LdapEntry(dn.decode(), {name: tuple(values) for name, values in attributes.items()}))
    return tuple(entries)


def _parse_line(line: str) -> tuple[str, bytes]:
    name, colon, value = line.partition(":")
    assert colon, f"no attribute: {line}"
    if value.startswith(":"):
        return name, base64.b64decode(value[1:].strip())
    return name, value.removeprefix(" ").encode()
