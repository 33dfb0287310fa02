"""The two messages of an NTLM login (MS-NLMP 2.2.1) of an account that does not exist; the answers are made up.

Nothing is computed from a password: what comes back tells how a server treats a login that is not bound to its TLS
connection, which it decides before it looks at the account.
"""

from __future__ import annotations

import struct

_SIGNATURE = b"NTLMSSP\0"
_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3
# Unicode, target, NTLM, always sign, extended session security, target information, 128 and 56 bits.
_FLAGS = 0x1 | 0x4 | 0x200 | 0x8000 | 0x80000 | 0x800000 | 0x20000000 | 0x80000000
_NEGOTIATE_LENGTH, _CHALLENGE_LENGTH, _AUTHENTICATE_LENGTH = 40, 48, 72
_END_OF_LIST, _CHANNEL_BINDINGS = 0, 10
_PROOF_LENGTH = 16


class MadeUpLogin:
    """What ldap3 asks for the messages of a login; ``chance`` is at least 32 bytes that nobody can guess."""

    def __init__(self, user: str, chance: bytes) -> None:
        self._user = user
        self._chance = chance
        self._target = b""

    def create_negotiate_message(self) -> bytes:
        """Return the first message."""
        return struct.pack("<8sII", _SIGNATURE, _NEGOTIATE, _FLAGS).ljust(_NEGOTIATE_LENGTH, b"\0")

    def parse_challenge_message(self, message: bytes) -> None:
        """Take what the server said of itself; raises ``ValueError`` if it is no challenge."""
        if len(message) < _CHALLENGE_LENGTH or message[:12] != _SIGNATURE + struct.pack("<I", _CHALLENGE):
            msg = "the server did not answer as NTLM does"
            raise ValueError(msg)
        length, offset = struct.unpack_from("<H2xI", message, 40)
        self._target = without_binding(message[offset : offset + length])

    def create_authenticate_message(self) -> bytes:
        """Return the second message: an answer of the right form that no password gives."""
        proof, client = self._chance[:_PROOF_LENGTH], self._chance[_PROOF_LENGTH : _PROOF_LENGTH + 8]
        answer = proof + struct.pack("<BB6x8s8s4x", 1, 1, bytes(8), client) + self._target + bytes(4)
        parts = (bytes(24), answer, b"", self._user.encode("utf-16-le"), b"", b"")
        head, offset = b"", _AUTHENTICATE_LENGTH
        for part in parts:
            head += struct.pack("<HHI", len(part), len(part), offset)
            offset += len(part)
        fixed = struct.pack("<8sI", _SIGNATURE, _AUTHENTICATE) + head + struct.pack("<I", _FLAGS)
        return fixed.ljust(_AUTHENTICATE_LENGTH, b"\0") + b"".join(parts)


def without_binding(pairs: bytes) -> bytes:
    """Return a list of attributes (MS-NLMP 2.2.2.1) without a channel binding, with its end."""
    kept, at = b"", 0
    while at + 4 <= len(pairs):
        kind, length = struct.unpack_from("<HH", pairs, at)
        if kind == _END_OF_LIST:
            break
        if kind != _CHANNEL_BINDINGS:
            kept += pairs[at : at + 4 + length]
        at += 4 + length
    return kept + struct.pack("<HH", _END_OF_LIST, 0)
