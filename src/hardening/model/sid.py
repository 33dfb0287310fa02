"""Security identifiers of Windows: bytes as directories store them, and their text."""

from __future__ import annotations

import re
import struct

_TEXT = re.compile(r"S-1-(0x[0-9A-Fa-f]{1,12}|[0-9]{1,15})((?:-[0-9]{1,10}){0,15})", re.IGNORECASE)
_HEAD = 8
_PART = 4
_MOST_PARTS = 15
_LARGEST_PART = 0xFFFFFFFF
_LARGEST_AUTHORITY = 0xFFFFFFFFFFFF


def render_sid(data: bytes) -> str | None:
    """Return the text of a security identifier, ``S-1-5-32-544``; ``None`` if the bytes are none."""
    if len(data) < _HEAD or data[0] != 1 or data[1] > _MOST_PARTS or len(data) != _HEAD + _PART * data[1]:
        return None
    authority = int.from_bytes(data[2:_HEAD], "big")
    parts = struct.unpack_from(f"<{data[1]}I", data, _HEAD)
    return ("S-1-%d" + "-%d" * len(parts)) % (authority, *parts)


def parse_sid(text: str) -> bytes | None:
    """Return the bytes of a security identifier; ``None`` if the text is none."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    authority, parts = int(match[1], 0 if match[1][:2].lower() == "0x" else 10), match[2].split("-")[1:]
    numbers = [int(part) for part in parts]
    if authority > _LARGEST_AUTHORITY or any(number > _LARGEST_PART for number in numbers):
        return None
    body = b"".join(number.to_bytes(_PART, "little") for number in numbers)
    return bytes((1, len(numbers))) + authority.to_bytes(6, "big") + body
