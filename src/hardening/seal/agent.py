"""Signing with a key that an ssh-agent holds: the two messages of its protocol that this needs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from hardening.errors import UsageError
from hardening.seal.sshsig import Signer, fingerprint, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 60
_LARGEST = 1_000_000
_LIST, _KEYS, _SIGN, _SIGNED = 11, 12, 13, 14
_RSA_SHA2_512 = 4


def find_agent_signer(wanted: str, environ: Mapping[str, str]) -> Signer:
    """Return the key with a fingerprint (or comment) that the agent of SSH_AUTH_SOCK holds; raises ``UsageError``."""
    path = environ.get("SSH_AUTH_SOCK", "")
    if not path:
        msg = "agent: SSH_AUTH_SOCK is not set; start ssh-agent and add the signing key, or name its file"
        raise UsageError(msg)
    kind, body = _ask(path, bytes([_LIST]))
    keys: list[tuple[bytes, str]] = []
    try:
        rest = body[4:]
        for _ in range(int.from_bytes(body[:4]) if kind == _KEYS else 0):
            blob, rest = unpack(rest)
            comment, rest = unpack(rest)
            keys.append((blob, comment.decode("utf-8", "replace")))
    except ValueError:
        keys = []
    found = [blob for blob, comment in keys if wanted in {fingerprint(blob), comment}]
    if len(found) != 1:
        msg = f"agent: it holds {len(found)} keys {wanted}; see ssh-add -l, and write agent:SHA256:…"
        raise UsageError(msg)
    blob = found[0]
    return Signer(blob, lambda data: _sign(path, blob, data))


def _sign(path: str, blob: bytes, data: bytes) -> bytes:
    flags = _RSA_SHA2_512 if unpack(blob)[0] == b"ssh-rsa" else 0
    kind, body = _ask(path, bytes([_SIGN]) + pack(blob) + pack(data) + flags.to_bytes(4))
    try:
        signature, _ = unpack(body)
    except ValueError:
        signature = b""
    if kind != _SIGNED or not signature:
        msg = "agent: it refused to sign; unlock it, or confirm where it asks"
        raise UsageError(msg)
    return signature


def _ask(path: str, message: bytes) -> tuple[int, bytes]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(_SECONDS)
            peer.connect(path)
            peer.sendall(pack(message))
            length = int.from_bytes(_receive(peer, 4))
            answer = _receive(peer, min(max(length, 1), _LARGEST))
    except OSError as error:
        msg = f"agent: it does not answer at {path} ({error.strerror or 'broken off'}); check SSH_AUTH_SOCK"
        raise UsageError(msg) from error
    return answer[0], answer[1:]


def _receive(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = peer.recv(length - len(data))
        if not part:
            raise OSError
        data += part
    return data
