"""Sealing a scan: its report, plans and snapshots in one manifest, chained to the scan before and signed."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.bundle_texts import README
from hardening.app.collect import plan_collection
from hardening.collect.plan import encode_steps
from hardening.model.evidence import Known
from hardening.report.json_report import render_json_chunks
from hardening.seal.agent import find_agent_signer
from hardening.seal.chain import Chain
from hardening.seal.manifest import MANIFEST, SIGNATURE, Manifest, digest, render_manifest
from hardening.seal.sshsig import NAMESPACE, Signer, load_signer
from hardening.seal.timestamp import TIMESTAMP, Stamper
from hardening.snapshots.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.app.collect import CollectRequest
    from hardening.app.scan import Scanned
    from hardening.app.state import State
    from hardening.model.content import Content
    from hardening.model.snapshot import Snapshot
    from hardening.secrets import SecretResolver

AGENT = "agent:"
RAW = ".recording.json.gz"
"""How recordings end; they may hold more than an auditor is to see, and are not part of the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A link of the chain: its number, the digest of its manifest, and who signed (empty if nobody did)."""

    number: int
    head: str
    signer: str


def open_signer(key: str, passphrase_from: str, resolve: SecretResolver, environ: Mapping[str, str]) -> Signer | None:
    """Return what signs, None if nothing is to; raises ``UsageError`` or ``SecretError`` before a target is touched."""
    if not key:
        return None
    if key.startswith(AGENT):
        return find_agent_signer(key.removeprefix(AGENT), environ)
    return load_signer(Path(key).expanduser(), (lambda: resolve(passphrase_from)) if passphrase_from else None)


def name_operator() -> str:
    """Return who runs this, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def seal_scan(
    scanned: Scanned,
    request: CollectRequest,
    content: Content,
    state: State,
    signer: Signer | None,
    *,
    operator: str,
    now: float,
) -> Sealed:
    """Write the manifest of a scan into its folder and into the chain; raises ``StorageError``."""
    folder, info = scanned.folder.path, scanned.assessment.report.summary.info
    record = scanned.folder.read_record()
    write_atomically(folder / "report.json", render_json_chunks(scanned.assessment.report))
    write_atomically(folder / "README.txt", [README.encode()])
    plans = plan_collection(request, content)
    for plan in {
        plan.digest: plan for plan in map(plans.plan_for, {each.baselines for each in request.targets})
    }.values():
        write_atomically(folder / f"plan-{plan.digest[:12]}.json", [encode_steps(plan.steps)])
    files = {path.name: digest(path.read_bytes()) for path in evidence_paths(folder)}
    seen = tuple(line for snapshot in scanned.folder.read_snapshots() for line in _describe_seen(snapshot))
    facts = {
        "started": _write_time(record.started),
        "finished": _write_time(info.finished),
        "sealed": _write_time(int(now)),
        "operator": operator,
        "tool-version": record.tool_version,
        "content": info.content_digest,
        "plan": info.plan_digest,
        "namespace": NAMESPACE,
        "signer": signer.fingerprint if signer else "none",
    }
    chain = Chain(state.chain)
    with chain.held():
        number, previous = chain.next()
        manifest = render_manifest(
            Manifest(scan=record.id, number=number, previous=previous, facts=facts, seen=seen, files=files)
        )
        signature = signer.sign(manifest) if signer else ""
        write_atomically(folder / MANIFEST, [manifest])
        if signature:
            write_atomically(folder / SIGNATURE, [signature.encode()])
        chain.add(number, record.id, manifest, signature)
    return Sealed(number=number, head=digest(manifest), signer=signer.fingerprint if signer else "")


def stamp_scan(sealed: Sealed, folder: Path, state: State, stamper: Stamper) -> None:
    """Have an authority stamp the manifest of a scan; raises ``StorageError``.

    The chain is not held meanwhile: an authority may take its time.
    """
    token = stamper.stamp((folder / MANIFEST).read_bytes())
    write_atomically(folder / TIMESTAMP, [token])
    Chain(state.chain).add_stamp(sealed.number, folder.name, token)


def evidence_paths(folder: Path) -> tuple[Path, ...]:
    """Return the files of a scan that are evidence, without the manifest."""
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and not path.name.startswith(".")
        and not path.name.endswith(RAW)
        and path.name not in {MANIFEST, SIGNATURE, TIMESTAMP}
    )


def _describe_seen(snapshot: Snapshot) -> Iterator[str]:
    """Yield a line for each endpoint: how it proved who it is, or why nothing was seen."""
    for endpoint in snapshot.endpoints:
        shown = [
            field.value
            for name, field in endpoint.connection.items()
            if "fingerprint" in name and isinstance(field, Known) and isinstance(field.value, str)
        ]
        what = " ".join(shown) or ("not reached" if endpoint.failure else "nothing to prove it by")
        yield f"{snapshot.target} {endpoint.channel} {endpoint.address}: {what}"


def _write_time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
