"""known_hosts files as OpenSSH writes them: each read once a scan, and searched without going through all of its lines.

paramiko's own loader fails on a whole file because of one line for a certificate authority; this one passes over what
it cannot use. Hashed names and patterns must be tried one by one; for plain names there is an index.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.errors import ConnectError

if TYPE_CHECKING:
    import os
    from pathlib import Path

_LARGEST = 100_000_000
_HASHED = b"|1|"
_SPECIAL = re.compile(rb"[*?!]")
_FIELDS = 3


@dataclass(frozen=True, slots=True)
class HostLine:
    """A line that is about some host: its number, its marker (as ``@revoked``, or empty), and the names it is for.

    ``rest`` are the type, and the key with what follows it.
    """

    number: int
    marker: bytes
    names: bytes
    rest: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class HostFile:
    """The lines of a file: by plain name in lower case, and those that have to be tried."""

    by_name: dict[bytes, list[HostLine]] = field(default_factory=lambda: defaultdict(list))
    to_try: list[HostLine] = field(default_factory=list)

    def lines_about(self, name: bytes) -> list[HostLine]:
        """Return the lines about a host, in the order of the file; ``name`` is in lower case."""
        tried = [line for line in self.to_try if _is_about(line.names, name)]
        return sorted([*self.by_name.get(name, ()), *tried], key=lambda line: line.number)


class HostFiles:
    """Files that were read, so that many targets do not read them again; one that has changed is. For many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[tuple[int, ...], HostFile]] = {}

    def load(self, path: Path) -> HostFile:
        """Return the lines of a file; one that does not exist has none.

        Raises ``ConnectError`` for a file that is there and cannot be read: it may hold a revoked key.
        """
        with self._lock:
            try:
                with path.open("rb") as stream:
                    state = _state(path.stat())
                    known, file = self._read.get(path, ((), HostFile()))
                    if known != state:
                        file = parse_host_file(stream.read(_LARGEST))
                        self._read[path] = (state, file)
            except FileNotFoundError:
                return HostFile()
            except OSError as error:
                reason = f"{path}: the known host keys cannot be read ({error.strerror})"
                raise ConnectError(reason, "make the file readable for the account that scans") from error
            return file


def parse_host_file(content: bytes) -> HostFile:
    """Return the lines of a file by what they are about."""
    file = HostFile()
    for number, text in enumerate(content.split(b"\n"), start=1):
        fields = text.split(None, _FIELDS)
        if not fields or fields[0].startswith(b"#"):
            continue
        marker = fields.pop(0) if fields[0].startswith(b"@") else b""
        if not fields:
            continue
        names = fields[0] if fields[0].startswith(_HASHED) else fields[0].lower()
        line = HostLine(number, marker, names, tuple(fields[1:]))
        if names.startswith(_HASHED) or _SPECIAL.search(names):
            file.to_try.append(line)
        else:
            for name in set(names.split(b",")):
                file.by_name[name].append(line)
    return file


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _is_about(patterns: bytes, name: bytes) -> bool:
    if patterns.startswith(_HASHED):
        return _is_hash_of(patterns, name)
    is_about = False
    for pattern in patterns.split(b","):
        if _is_match(pattern.removeprefix(b"!"), name):
            if pattern.startswith(b"!"):
                return False
            is_about = True
    return is_about


def _is_hash_of(hashed: bytes, name: bytes) -> bool:
    salt, _, digest = hashed.removeprefix(_HASHED).partition(b"|")
    try:
        # SHA-1 is the format's own choice; it only hides the name.
        return hmac.digest(base64.b64decode(salt), name, "sha1") == base64.b64decode(digest)
    except binascii.Error:
        return False


def _is_match(pattern: bytes, name: bytes) -> bool:
    # Brackets stand for themselves here, unlike in a shell's patterns.
    expression = re.escape(pattern).replace(rb"\*", b".*").replace(rb"\?", b".")
    return re.fullmatch(expression, name, re.DOTALL) is not None
