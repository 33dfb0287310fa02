"""Security descriptors: bytes of every kind are a descriptor or a reason, and SDDL says what stands in them."""

from __future__ import annotations

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Unreadable
from hardening.model.security_descriptor import SecurityDescriptor, parse_descriptor, render_sddl
from hardening.model.sid import parse_sid

OWNER, GROUP, USER = "S-1-5-32-544", "S-1-5-21-1-2-3-512", "S-1-5-21-1-2-3-1105"
RESET = "00299570-246d-11d0-a768-00aa006e0529"
CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"


def _sid(text: str) -> bytes:
    data = parse_sid(text)
    assert data is not None
    return data


def build_entry(kind: int, flags: int, mask: int, trustee: str, right: str = "", applies_to: str = "") -> bytes:  # noqa: PLR0917 - as they stand in SDDL
    """Return the bytes of an entry of an access list."""
    body = _sid(trustee)
    if kind in (5, 6):
        guids = b"".join(uuid.UUID(text).bytes_le for text in (right, applies_to) if text)
        body = struct.pack("<I", bool(right) + 2 * bool(applies_to)) + guids + body
    return struct.pack("<BBHI", kind, flags, 8 + len(body), mask) + body


def build_descriptor(*entries: bytes, owner: str = OWNER, control: int = 0x8004) -> bytes:
    """Return the bytes of a descriptor."""
    body = b"".join(entries)
    parts = (_sid(owner), _sid(GROUP), struct.pack("<BBHHH", 4, 0, 8 + len(body), len(entries), 0) + body)
    at = 20, 20 + len(parts[0]), 20 + len(parts[0]) + len(parts[1])
    return struct.pack("<BBHIIII", 1, 0, control, at[0], at[1], 0, at[2]) + b"".join(parts)


FULL = build_descriptor(
    build_entry(0, 0x12, 0xF01FF, USER),
    build_entry(5, 0, 0x100, USER, RESET),
    build_entry(6, 0x0A, 0x100, USER, RESET, CLASS),
    build_entry(5, 0, 0x20, USER, "", CLASS),
    control=0x9404,
)


def test_sddl_says_what_stands_in_it() -> None:
    seen = parse_descriptor(FULL)
    assert isinstance(seen, SecurityDescriptor)
    assert render_sddl(seen) == (
        f"O:{OWNER}G:{GROUP}D:PAI(A;CIID;0xf01ff;;;{USER})(OA;;0x100;{RESET};;{USER})"
        f"(OD;CIIO;0x100;{RESET};{CLASS};{USER})(OA;;0x20;;{CLASS};{USER})"
    )


def test_without_a_list_there_is_no_limit() -> None:
    seen = parse_descriptor(struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0))
    assert isinstance(seen, SecurityDescriptor)
    assert not seen.has_list
    assert render_sddl(seen) == "D:NO_ACCESS_CONTROL"


@pytest.mark.parametrize("length", range(len(FULL)))
def test_a_cut_descriptor_has_a_reason(length: int) -> None:
    assert isinstance(parse_descriptor(FULL[:length]), Unreadable)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(parse_descriptor(data), SecurityDescriptor | Unreadable)


@given(st.integers(0, len(FULL) - 1), st.binary(min_size=1, max_size=8))
def test_any_damage(at: int, junk: bytes) -> None:
    seen = parse_descriptor(FULL[:at] + junk + FULL[at + len(junk) :])
    assert isinstance(seen, Unreadable) or render_sddl(seen).isascii()
