"""Evidence of a scan as files: packed for an auditor, and checked wherever it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.app.seal import RAW
from hardening.errors import SnapshotError, UsageError
from hardening.seal.bundle import LARGEST, pack_bundle, unpack_bundle
from hardening.seal.chain import Chain
from hardening.seal.manifest import MANIFEST, parse_manifest
from hardening.seal.timestamp import SUFFIX, open_authority
from hardening.seal.verify import (
    CHAIN,
    Trust,
    check_bundle,
    check_chain,
    check_scan,
    check_stamp,
    read_allowed_signers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hardening.app.state import State


def build_bundle(folder: Path, state: State) -> bytes:
    """Return the bundle of a sealed scan, with the chain up to it; raises ``UsageError`` if it is not sealed."""
    files = read_evidence(folder)
    if MANIFEST not in files:
        msg = f"{folder}: has no {MANIFEST}; only what `hardening scan` made has one"
        raise UsageError(msg)
    try:
        number = parse_manifest(files[MANIFEST]).number
    except ValueError as error:
        msg = f"{folder / MANIFEST}: {error}; see `hardening verify {folder}`"
        raise SnapshotError(msg) from error
    for link in Chain(state.chain).links():
        if int(link.name.partition("-")[0]) < number:
            for path in (link, link.with_name(f"{link.name}.sig"), link.with_name(f"{link.name}{SUFFIX}")):
                if path.exists():
                    files[f"{CHAIN}{path.name}"] = path.read_bytes()
    return pack_bundle(files)


def check_path(path: Path, trust: Trust) -> Iterator[str]:
    """Yield everything that is wrong with a bundle or the folder of a scan; raises ``SnapshotError``."""
    if path.is_dir():
        files = read_evidence(path)
        yield from check_scan(files, trust)
        if trust.head and MANIFEST in files:
            link = (MANIFEST, files[MANIFEST], b"")
            yield from (line for line in check_chain([link], trust) if line.startswith("cut off"))
        return
    try:
        if path.stat().st_size > LARGEST:
            msg = f"{path}: larger than {LARGEST // 1_000_000} MB; refused"
            raise SnapshotError(msg)
        files, is_ours = unpack_bundle(path.read_bytes())
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror or error})"
        raise SnapshotError(msg) from error
    except ValueError as error:
        yield f"{path.name}: {error}"
        return
    yield from check_bundle(files, trust)
    if not is_ours:
        yield f"altered: {path.name}: the archive is not packed as it was"


def check_own_chain(state: State, trust: Trust) -> Iterator[str]:
    """Yield everything that is wrong with the chain of a state folder."""
    links = Chain(state.chain).links()
    if not links:
        yield "missing: no scan is sealed yet"
    signed = [
        (link.name, link.read_bytes(), path.read_bytes() if path.exists() else b"")
        for link in links
        for path in [link.with_name(f"{link.name}.sig")]
    ]
    yield from check_chain(signed, trust)
    for link in links:
        token = link.with_name(f"{link.name}{SUFFIX}")
        stamp = token.read_bytes() if token.exists() else b""
        yield from check_stamp(link.name, link.read_bytes(), stamp, trust, is_last=link == links[-1])


def read_trust(allowed_signers: Path | None, head: str, timestamp_ca: Path | None = None) -> Trust:
    """Return whom the reader trusts; raises ``UsageError``."""
    authority = open_authority(timestamp_ca) if timestamp_ca else None
    if allowed_signers is None:
        return Trust(head=head, authority=authority)
    try:
        return Trust(read_allowed_signers(allowed_signers.read_text("utf-8")), head, authority)
    except (OSError, ValueError) as error:
        msg = f"{allowed_signers}: cannot be read ({error}); write: audit ssh-ed25519 AAAA…"
        raise UsageError(msg) from error


def read_evidence(folder: Path) -> dict[str, bytes]:
    """Return the files of a scan that are evidence, with the manifest and its signature."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(RAW)
    }
