"""Checking evidence: what is missing, altered, unlisted, reordered or cut off, who signed, and who stamped it when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hardening.seal.manifest import MANIFEST, NONE, SIGNATURE, Manifest, digest, parse_manifest
from hardening.seal.sshsig import NAMESPACE, fingerprint, public_blob, read_signature
from hardening.seal.timestamp import SUFFIX, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from hardening.seal.timestamp import Authority

SUMS = "SHA256SUMS"
CHAIN = "chain/"
MOST_SECONDS_APART = 300
"""Between sealing and stamping; more says that a clock was wrong, or that somebody waited."""
_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)")


@dataclass(frozen=True, slots=True)
class Trust:
    """Fingerprints of the keys that may sign, and the digest of a manifest that must be there; empty if unknown.

    ``authority`` says whose time stamps count; without one, no stamp is asked for, and none is believed.
    """

    signers: frozenset[str] = frozenset()
    head: str = ""
    authority: Authority | None = None


def read_allowed_signers(text: str) -> frozenset[str]:
    """Return the fingerprints in a file of allowed signers, as ssh-keygen(1) describes it.

    Raises ``ValueError`` for options that this does not weigh: a key may not count for more than the file allows.
    """
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        rest = words[1:]
        if rest and rest[0] == f'namespaces="{NAMESPACE}"':
            rest = rest[1:]
        if not rest or not re.fullmatch(r"(ssh|ecdsa)-[a-z0-9-]+", rest[0]):
            msg = (
                f'line {number}: the only option read is namespaces="{NAMESPACE}"; use ssh-keygen -Y verify for others'
            )
            raise ValueError(msg)
        found.add(fingerprint(public_blob(" ".join(rest))))
    return frozenset(found)


def check_bundle(files: Mapping[str, bytes], trust: Trust) -> Iterator[str]:
    """Yield everything that is wrong with the files of a bundle, by name."""
    listed = yield from _check_sums(files)
    yield from (f"not listed in {SUMS}: {name}" for name in sorted(set(files) - listed - {SUMS}))
    chain = {name: data for name, data in files.items() if name.startswith(CHAIN)}
    own = {name: data for name, data in files.items() if name not in chain and name != SUMS}
    yield from check_scan(own, trust)
    links = [name for name in sorted(chain) if not name.endswith((".sig", SUFFIX))]
    signatures = {name: chain.get(f"{name}.sig", b"") for name in links}
    last = [(name, chain[name], signatures[name]) for name in links]
    if MANIFEST in files:
        last.append((MANIFEST, files[MANIFEST], files.get(SIGNATURE, b"")))
    yield from check_chain(last, trust)
    for name in links:
        yield from check_stamp(name, chain[name], chain.get(f"{name}{SUFFIX}", b""), trust)


def check_scan(files: Mapping[str, bytes], trust: Trust) -> Iterator[str]:
    """Yield everything that is wrong with the files of one scan."""
    if MANIFEST not in files:
        yield f"missing: {MANIFEST}"
        return
    try:
        manifest = parse_manifest(files[MANIFEST])
    except ValueError as error:
        yield f"altered: {MANIFEST}: {error}"
        return
    for name, expected in manifest.files.items():
        if name not in files:
            yield f"missing: {name}"
        elif digest(files[name]) != expected:
            yield f"altered: {name}"
    yield from (
        f"not listed in {MANIFEST}: {name}"
        for name in sorted(set(files) - set(manifest.files) - {MANIFEST, SIGNATURE, TIMESTAMP})
    )
    yield from _check_signature(MANIFEST, files[MANIFEST], files.get(SIGNATURE, b""), trust)
    yield from check_stamp(MANIFEST, files[MANIFEST], files.get(TIMESTAMP, b""), trust, is_last=True)


def check_chain(links: Sequence[tuple[str, bytes, bytes]], trust: Trust) -> Iterator[str]:
    """Yield everything that is wrong with a chain of manifests, given as name, manifest and signature."""
    previous, number, digests = NONE, 0, set()
    for name, data, signature in links:
        digests.add(digest(data))
        try:
            manifest = parse_manifest(data)
        except ValueError as error:
            yield f"altered: {name}: {error}"
            previous, number = digest(data), number + 1
            continue
        yield from _check_link(name, manifest, number + 1, previous)
        if name != MANIFEST:
            yield from _check_signature(name, data, signature, trust)
        previous, number = digest(data), manifest.number
    if trust.head and trust.head not in digests:
        yield f"cut off: the manifest {trust.head} is not in this chain, which ends at number {number}"


def _check_link(name: str, manifest: Manifest, number: int, previous: str) -> Iterator[str]:
    if manifest.number != number:
        what = "missing" if manifest.number > number else "reordered"
        yield f"{what}: {name} is number {manifest.number}, expected is {number}"
    elif manifest.previous != previous:
        yield f"altered: {name} does not follow the manifest before it, or that one was altered"


def _check_signature(name: str, data: bytes, signature: bytes, trust: Trust) -> Iterator[str]:
    if not signature:
        yield f"not signed: {name}"
        return
    try:
        signer = read_signature(signature.decode("ascii"), data)
    except ValueError as error:
        words = "the signature is damaged" if isinstance(error, UnicodeDecodeError) else str(error)
        yield f"altered: {name} or its signature: {words}"
        return
    if signer not in trust.signers:
        yield f"unknown signer: {name} is signed by {signer}"


def check_stamp(name: str, data: bytes, token: bytes, trust: Trust, *, is_last: bool = False) -> Iterator[str]:
    """Yield what is wrong with the time stamp of a manifest; only the last one of a chain must have one.

    A stamp covers all manifests before, since each is named by the next.
    """
    if not token:
        if trust.authority and is_last:
            yield f"not stamped: {name}"
        return
    if not trust.authority:
        yield f"unknown authority: {name}{SUFFIX} is not checked; name the authority's certificate with --timestamp-ca"
        return
    try:
        stamped = trust.authority.check(token, data)
    except ValueError as error:
        yield f"altered: {name} or {name}{SUFFIX}, or by another authority: {error}"
        return
    try:
        facts = parse_manifest(data).facts
        sealed = int(datetime.fromisoformat(facts["sealed"]).timestamp())
    except (KeyError, ValueError):
        return
    if abs(stamped - sealed) > MOST_SECONDS_APART:
        said = f"{datetime.fromtimestamp(stamped, UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield f"clock: {name} was sealed at {facts['sealed']} by its own clock, and stamped at {said}"


def _check_sums(files: Mapping[str, bytes]) -> Generator[str, None, set[str]]:
    """Yield what is wrong with the list of all files; return the names that it lists."""
    listed: set[str] = set()
    if SUMS not in files:
        yield f"missing: {SUMS}"
        return listed
    lines = files[SUMS].decode("utf-8", "replace").split("\n")
    if lines[-1]:
        yield f"altered: {SUMS}: it does not end with a line"
    for line in lines[:-1]:
        found = _SUM.fullmatch(line)
        if not found:
            yield f"altered: {SUMS}: a line is no digest"
            continue
        listed.add(found[2])
        if found[2] not in files:
            yield f"missing: {found[2]}, which {SUMS} lists"
        elif digest(files[found[2]]) != found[1]:
            yield f"altered: {found[2]}, or its line in {SUMS}"
    return listed
