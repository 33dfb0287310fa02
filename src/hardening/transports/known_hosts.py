"""The host keys that a person has accepted, and the judgement on the key that a host shows.

`@revoked` lines are enforced, for keys of hosts and of authorities. `@cert-authority` lines accept nothing: host
certificates are not checked here, so a host needs its own key in the file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Absent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardening.transports.host_files import HostFile, HostFiles

SSH_PORT = 22
_KEY_FIELDS = 2


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key as it goes over the wire; ``type`` is the name that its own bytes begin with."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The fingerprint as OpenSSH prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def base64(self) -> str:
        """The key as it stands in files."""
        return base64.b64encode(self.blob).decode("ascii")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key in a file, for the host asked about."""

    key: HostKey
    file: Path
    line: int
    is_revoked: bool

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """What some files know about one host.

    ``files`` are those looked at, the one that a person would add to first. ``unusable`` are places of lines that name
    the host but hold no key; ``has_authority`` tells that a certificate authority is accepted for it, and not revoked.
    """

    name: str
    files: tuple[Path, ...]
    keys: tuple[KnownKey, ...] = ()
    unusable: tuple[str, ...] = ()
    has_authority: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the files accept nothing for the host, not even something that cannot be read."""
        return not self.types and not self.unusable

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the accepted keys: those to ask the server for first."""
        return tuple(dict.fromkeys(known.key.type for known in self.keys if not known.is_revoked))


def name_host(address: str, port: int) -> str:
    """Return the name under which a host stands in these files."""
    return address.lower() if port == SSH_PORT else f"[{address.lower()}]:{port}"


def load_known_hosts(files: Sequence[Path], address: str, port: int, host_files: HostFiles) -> KnownHosts:
    """Return what the files know about a host; a file that does not exist knows nothing.

    Raises ``ConnectError`` for a file that is there and cannot be read: it may hold a revoked key.
    """
    name = name_host(address, port)
    found = [find_keys(file, host_files.load(file), name) for file in files]
    keys = tuple(key for each in found for key in each.keys)
    revoked = {known.key for known in keys if known.is_revoked}
    return KnownHosts(
        name,
        tuple(files),
        keys,
        unusable=tuple(place for each in found for place in each.unusable),
        has_authority=any(authority not in revoked for each in found for authority in each.authorities),
    )


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """What one file says about a host; an authority whose key cannot be read is absent."""

    keys: tuple[KnownKey, ...]
    unusable: tuple[str, ...]
    authorities: tuple[HostKey | Absent, ...]


def find_keys(path: Path, file: HostFile, name: str) -> FoundKeys:
    """Return what the lines of a file say about a host by its name there."""
    keys: list[KnownKey] = []
    unusable: list[str] = []
    authorities: list[HostKey | Absent] = []
    for line in file.lines_about(name.encode("utf-8", "surrogateescape")):
        key = _parse_key(line.rest)
        if line.marker == b"@cert-authority":
            authorities.append(key)
        elif isinstance(key, Absent) or line.marker not in {b"", b"@revoked"}:
            unusable.append(f"{path}:{line.number}")
        else:
            keys.append(KnownKey(key, path, line.number, is_revoked=line.marker == b"@revoked"))
    return FoundKeys(tuple(keys), tuple(unusable), tuple(authorities))


def refuse_revoked(known: KnownHosts, shown: HostKey, authority: HostKey | Absent) -> None:
    """Raise ``ConnectError`` if the key that a host showed, or the authority that speaks for it, is revoked."""
    for key, what in ((shown, "host key"), (authority, "certificate authority")):
        revoked = next((entry for entry in known.keys if entry.is_revoked and entry.key == key), None)
        if revoked:
            found = revoked.key
            reason = f"the {what} of {known.name} is revoked ({revoked.place}): {found.type} {found.fingerprint}"
            raise ConnectError(reason, "do not log in; give the server a new key, or find out who answers in its place")


def require_known(known: KnownHosts, shown: HostKey, authority: HostKey | Absent = ABSENT) -> KnownKey:
    """Return where the key that a host showed was accepted by a person; raises ``ConnectError`` if it was not.

    ``authority`` is the one that speaks for the key, if the host showed a certificate.
    """
    refuse_revoked(known, shown, authority)
    accepted = [entry for entry in known.keys if not entry.is_revoked]
    same = next((entry for entry in accepted if entry.key == shown), None)
    if same:
        return same
    changed = next((entry for entry in accepted if entry.key.type == shown.type), None)
    if changed:
        reason = (
            f"the host key of {known.name} has changed: {shown.type} {shown.fingerprint} instead of "
            f"{changed.key.fingerprint} ({changed.place})"
        )
        raise ConnectError(
            reason,
            "somebody may stand in between; if the server was installed anew, compare with "
            f"`{_show_command(shown)}` on the server itself and replace that line by: {render_line(known, shown)}",
        )
    unknown = f"the host key of {known.name} is not known: {shown.type} {shown.fingerprint}"
    raise ConnectError(
        unknown + _why_unknown(known, accepted),
        f"compare with `{_show_command(shown)}` on the server itself, then add to {known.files[0]}: "
        f"{render_line(known, shown)}",
    )


def render_line(known: KnownHosts, key: HostKey) -> str:
    """Return the line that makes a key known for a host."""
    return f"{known.name} {key.type} {key.base64}"


def _why_unknown(known: KnownHosts, accepted: Sequence[KnownKey]) -> str:
    if accepted:
        return f" (known is only {', '.join(f'{entry.key.type} in {entry.place}' for entry in accepted)})"
    if known.unusable:
        return f" (no key can be read in {', '.join(known.unusable)})"
    if known.has_authority:
        return " (a certificate authority is accepted for it, but host certificates are not checked)"
    return ""


def _show_command(key: HostKey) -> str:
    family = key.type.removeprefix("ssh-").partition("-")[0]
    return f"ssh-keygen -lf /etc/ssh/ssh_host_{family}_key.pub"


def _parse_key(fields: Sequence[bytes]) -> HostKey | Absent:
    if len(fields) < _KEY_FIELDS:
        return ABSENT
    type_name, text = fields[:_KEY_FIELDS]
    try:
        blob = base64.b64decode(text.split()[0], validate=True)
    except (binascii.Error, IndexError):
        return ABSENT
    if not blob.startswith(len(type_name).to_bytes(4, "big") + type_name):
        return ABSENT
    return HostKey(type_name.decode("ascii", "replace"), blob)
