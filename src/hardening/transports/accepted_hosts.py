"""New host keys that are accepted because a person has chosen so, in a file of our own: nobody has compared them."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.transports.host_files import parse_host_file
from hardening.transports.known_hosts import KnownHosts, find_keys, refuse_revoked, render_line, require_known

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.evidence import Absent
    from hardening.transports.known_hosts import HostKey


def admit(known: KnownHosts, shown: HostKey, authority: HostKey | Absent, file: Path) -> bool:
    """Accept a key that is known or new; say whether it rests on ``file`` alone, to which a new one is added.

    A host of which anything is known is not new. Raises ``ConnectError`` as ``require_known`` does, and where a new key
    cannot be kept.
    """
    if not known.is_new:
        return require_known(known, shown, authority).file == file
    refuse_revoked(known, shown, authority)
    _record(known, shown, authority, file)
    return True


def _record(known: KnownHosts, shown: HostKey, authority: HostKey | Absent, file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(file, flags, 0o600), "r+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            content = stream.readall()
            # Another visit may have met the host since we looked: what it accepted holds for us too.
            met = find_keys(file, parse_host_file(content), known.name)
            if met.keys:
                require_known(KnownHosts(known.name, (file,), met.keys), shown, authority)
                return
            break_before = b"" if content.endswith(b"\n") or not content else b"\n"
            stream.write(break_before + f"{render_line(known, shown)}\n".encode("utf-8", "surrogateescape"))
            os.fsync(stream.fileno())
    except OSError as error:
        reason = f"{file}: the new host key cannot be kept ({error.strerror})"
        raise ConnectError(reason, "let the account that scans write there, or add the key to known_hosts") from error
