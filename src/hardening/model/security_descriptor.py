"""Security descriptors of Windows in self-relative form: owner, group and access list, from bytes and as SDDL.

Bytes come from a target: whatever they are, the answer is a descriptor or the reason why there is none.
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from hardening.model.evidence import Unreadable
from hardening.model.sid import render_sid

_HEAD = struct.Struct("<BBHIIII")
_LIST = struct.Struct("<BBHHH")
_ENTRY = struct.Struct("<BBHI")
_GUID_LENGTH = 16
_MOST_BYTES = 1_000_000
_DACL_PRESENT, _SELF_RELATIVE = 0x0004, 0x8000
_PLAIN = {0x00: "A", 0x01: "D", 0x09: "XA", 0x0A: "XD"}
_OBJECT = {0x05: "OA", 0x06: "OD", 0x0B: "ZA"}
_TYPES = {**_PLAIN, **_OBJECT, 0x0C: "OD"}
_OBJECT_TYPES = frozenset({0x05, 0x06, 0x0B, 0x0C})
_ALLOWS = frozenset({0x00, 0x05, 0x09, 0x0B})
_DENIES = frozenset({0x01, 0x06, 0x0A, 0x0C})
_FLAGS = ((0x02, "CI"), (0x01, "OI"), (0x04, "NP"), (0x08, "IO"), (0x10, "ID"))
_LIST_FLAGS = ((0x1000, "P"), (0x0100, "AR"), (0x0400, "AI"))
INHERIT_ONLY, CONTAINER_INHERIT, INHERITED = 0x08, 0x02, 0x10


class AccessEntry(NamedTuple):
    """One entry of an access list.

    ``right`` is the property, property set, kind of child or extended right that it is about, ``applies_to`` the class
    of objects that inherit it: both GUIDs, empty for all. ``is_conditional`` entries hold only under a condition.
    """

    type: int
    flags: int
    mask: int
    trustee: str
    right: str = ""
    applies_to: str = ""
    is_conditional: bool = False

    @property
    def allows(self) -> bool:
        """Whether it grants."""
        return self.type in _ALLOWS

    @property
    def denies(self) -> bool:
        """Whether it refuses."""
        return self.type in _DENIES


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityDescriptor:
    """Who owns an object and who may do what with it. Without a list (``has_list``) everybody may do everything."""

    owner: str
    group: str
    control: int
    has_list: bool
    entries: tuple[AccessEntry, ...]


class _MalformedError(ValueError):
    pass


def parse_descriptor(data: bytes) -> SecurityDescriptor | Unreadable:
    """Read a descriptor; audit entries are left out."""
    try:
        return _parse(data)
    except (_MalformedError, struct.error) as error:
        return Unreadable(f"the security descriptor is malformed: {error}")


def _parse(data: bytes) -> SecurityDescriptor:
    if len(data) > _MOST_BYTES:
        msg = "it is too long"
        raise _MalformedError(msg)
    revision, _, control, owner, group, _, dacl = _HEAD.unpack_from(data)
    if revision != 1 or not control & _SELF_RELATIVE:
        msg = "it is not of revision 1 and self-relative"
        raise _MalformedError(msg)
    has_list = bool(control & _DACL_PRESENT) and dacl > 0
    return SecurityDescriptor(
        owner=_read_sid(data, owner) if owner else "",
        group=_read_sid(data, group) if group else "",
        control=control,
        has_list=has_list,
        entries=_parse_list(data, dacl) if has_list else (),
    )


def _read_sid(data: bytes, at: int) -> str:
    if at < _HEAD.size or at + 8 > len(data):
        msg = "an identifier lies outside"
        raise _MalformedError(msg)
    return _render_sid(data[at : at + 8 + 4 * data[at + 1]])


def _render_sid(data: bytes) -> str:
    text = render_sid(data)
    if text is None:
        msg = "an identifier is none"
        raise _MalformedError(msg)
    return text


def _parse_list(data: bytes, at: int) -> tuple[AccessEntry, ...]:
    if at < _HEAD.size:
        msg = "the list lies outside"
        raise _MalformedError(msg)
    revision, _, size, count, _ = _LIST.unpack_from(data, at)
    if revision not in (2, 4) or size < _LIST.size or at + size > len(data):
        msg = "the list is longer than the bytes, or of an unknown revision"
        raise _MalformedError(msg)
    end, at = at + size, at + _LIST.size
    entries = []
    # The same few trustees and rights stand in many entries.
    names: dict[bytes, str] = {}
    for _ in range(count):
        if at + _ENTRY.size > end:
            msg = "an entry lies outside the list"
            raise _MalformedError(msg)
        kind, flags, length, mask = _ENTRY.unpack_from(data, at)
        if length < _ENTRY.size or at + length > end:
            msg = "an entry is longer than the list"
            raise _MalformedError(msg)
        if kind in _TYPES:
            entries.append(_parse_entry(kind, flags, mask, data[at + _ENTRY.size : at + length], names))
        at += length
    return tuple(entries)


def _parse_entry(kind: int, flags: int, mask: int, body: bytes, names: dict[bytes, str]) -> AccessEntry:
    at, right, applies_to = 0, "", ""
    if kind in _OBJECT_TYPES:
        if len(body) < 4:  # noqa: PLR2004 - bytes of the flags
            msg = "an entry is too short"
            raise _MalformedError(msg)
        which, at = body[0], 4
        if which & 1:
            right, at = _read_guid(body, at, names), at + _GUID_LENGTH
        if which & 2:
            applies_to, at = _read_guid(body, at, names), at + _GUID_LENGTH
    if len(body) < at + 8:
        msg = "an entry is too short"
        raise _MalformedError(msg)
    data = body[at : at + 8 + 4 * body[at + 1]]
    trustee = names.get(data)
    if trustee is None:
        trustee = names.setdefault(data, _render_sid(data))
    return AccessEntry(kind, flags, mask, trustee, right, applies_to, is_conditional=kind in (0x09, 0x0A, 0x0B, 0x0C))


def _read_guid(body: bytes, at: int, names: dict[bytes, str]) -> str:
    data = body[at : at + _GUID_LENGTH]
    if len(data) < _GUID_LENGTH:
        msg = "an entry is too short"
        raise _MalformedError(msg)
    text = names.get(data)
    return names.setdefault(data, str(uuid.UUID(bytes_le=data))) if text is None else text


def render_sddl(descriptor: SecurityDescriptor) -> str:
    """Return a descriptor as SDDL, with identifiers and rights in numbers; conditions are left out."""
    owner = f"O:{descriptor.owner}" if descriptor.owner else ""
    group = f"G:{descriptor.group}" if descriptor.group else ""
    if not descriptor.control & _DACL_PRESENT:
        return owner + group
    if not descriptor.has_list:
        return f"{owner}{group}D:NO_ACCESS_CONTROL"
    flags = "".join(word for bit, word in _LIST_FLAGS if descriptor.control & bit)
    return f"{owner}{group}D:{flags}{''.join(map(_render_entry, descriptor.entries))}"


def _render_entry(entry: AccessEntry) -> str:
    flags = "".join(word for bit, word in _FLAGS if entry.flags & bit)
    return f"({_TYPES[entry.type]};{flags};0x{entry.mask:x};{entry.right};{entry.applies_to};{entry.trustee})"
