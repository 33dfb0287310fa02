"""The host keys that a person has accepted: known_hosts files as OpenSSH writes them, and the judgement on a key.

paramiko's own loader fails on a whole file because of one line for a certificate authority; this one passes over what
it cannot use. `@revoked` lines are enforced. `@cert-authority` lines accept nothing: host certificates are not checked
here, so a host needs its own key in the file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SSH_PORT = 22
_LARGEST = 100_000_000
_HASHED = b"|1|"
_SPECIAL = re.compile(rb"[*?!]")
_KEY_FIELDS = 3


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
    place: str
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """What some files know about one host.

    ``files`` are those looked at, the one that a person would add to first. ``unusable`` are places of lines that name
    the host but hold no key; ``has_authority`` tells that a certificate authority is accepted for it.
    """

    name: str
    files: tuple[Path, ...]
    keys: tuple[KnownKey, ...] = ()
    unusable: tuple[str, ...] = ()
    has_authority: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the accepted keys: those to ask the server for first."""
        return tuple(dict.fromkeys(known.key.type for known in self.keys if not known.is_revoked))


def name_host(address: str, port: int) -> str:
    """Return the name under which a host stands in these files."""
    return address.lower() if port == SSH_PORT else f"[{address.lower()}]:{port}"


def load_known_hosts(files: Sequence[Path], address: str, port: int) -> KnownHosts:
    """Return what the files know about a host; a file that does not exist knows nothing.

    Raises ``ConnectError`` for a file that is there and cannot be read: it may hold a revoked key.
    """
    name = name_host(address, port)
    keys: list[KnownKey] = []
    unusable: list[str] = []
    has_authority = False
    for file in files:
        for place, marker, fields in _matching_lines(file, name.encode("utf-8", "surrogateescape")):
            if marker == b"@cert-authority":
                has_authority = True
                continue
            key = _parse_key(fields)
            if key is None or marker not in {b"", b"@revoked"}:
                unusable.append(place)
            else:
                keys.append(KnownKey(key, place, is_revoked=marker == b"@revoked"))
    return KnownHosts(name, tuple(files), tuple(keys), tuple(unusable), has_authority)


def require_known(known: KnownHosts, shown: HostKey) -> None:
    """Raise ``ConnectError`` unless the key that a host showed is one that a person has accepted for it."""
    same = [entry for entry in known.keys if entry.key == shown]
    revoked = next((entry for entry in same if entry.is_revoked), None)
    if revoked:
        reason = f"the host key of {known.name} is revoked ({revoked.place}): {shown.type} {shown.fingerprint}"
        raise ConnectError(reason, "do not log in; give the server a new key, or find out who answers in its place")
    if same:
        return
    accepted = [entry for entry in known.keys if not entry.is_revoked]
    changed = next((entry for entry in accepted if entry.key.type == shown.type), None)
    if changed:
        reason = (
            f"the host key of {known.name} has changed: {shown.type} {shown.fingerprint} instead of "
            f"{changed.key.fingerprint} ({changed.place})"
        )
        raise ConnectError(
            reason,
            "somebody may stand in between; if the server was installed anew, compare with "
            f"`{_show_command(shown)}` on the server itself and replace that line by: {_line(known, shown)}",
        )
    unknown = f"the host key of {known.name} is not known: {shown.type} {shown.fingerprint}"
    raise ConnectError(
        unknown + _why_unknown(known, accepted),
        f"compare with `{_show_command(shown)}` on the server itself, then add to {known.files[0]}: "
        f"{_line(known, shown)}",
    )


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


def _line(known: KnownHosts, key: HostKey) -> str:
    return f"{known.name} {key.type} {key.base64}"


def _matching_lines(file: Path, name: bytes) -> Iterator[tuple[str, bytes, list[bytes]]]:
    """Yield place, marker and fields of the lines that are about a host."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = f"{file}: the known host keys cannot be read ({error.strerror})"
        raise ConnectError(reason, "make the file readable for the account that scans") from error
    for number, line in enumerate(content.split(b"\n"), start=1):
        fields = line.split(None, _KEY_FIELDS)
        if not fields or fields[0].startswith(b"#"):
            continue
        marker = fields.pop(0) if fields[0].startswith(b"@") else b""
        if fields and _is_about(fields[0], name):
            yield f"{file}:{number}", marker, fields


def _is_about(patterns: bytes, name: bytes) -> bool:
    if patterns.startswith(_HASHED):
        return _is_hash_of(patterns, name)
    if not _SPECIAL.search(patterns):
        return name in patterns.lower().split(b",")
    is_about = False
    for pattern in patterns.lower().split(b","):
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


def _parse_key(fields: Sequence[bytes]) -> HostKey | None:
    if len(fields) < _KEY_FIELDS:
        return None
    type_name = fields[1]
    try:
        blob = base64.b64decode(fields[2].split()[0], validate=True)
    except (binascii.Error, IndexError):
        return None
    if not blob.startswith(len(type_name).to_bytes(4, "big") + type_name):
        return None
    return HostKey(type_name.decode("ascii", "replace"), blob)
