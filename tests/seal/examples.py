"""Keys made by ssh-keygen, and a small bundle signed with one of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hardening.app.bundle_texts import README
from hardening.seal.bundle import pack_bundle, unpack_bundle
from hardening.seal.manifest import MANIFEST, NONE, SIGNATURE, Manifest, digest, render_manifest
from hardening.seal.sshsig import Signer, load_signer

NAMES = ("20260101T000000Z-aaaaaa", "20260108T000000Z-bbbbbb", "20260115T000000Z-cccccc")


def make_key(folder: Path, kind: str = "ed25519", passphrase: str = "", bits: str = "") -> Path:
    path = folder / f"key-{kind}"
    size = ["-b", bits] if bits else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "audit key", "-f", path], check=True)
    return path


def allow(folder: Path, key: Path) -> Path:
    path = folder / "allowed_signers"
    path.write_text(f'audit namespaces="hardening" {key.with_suffix(".pub").read_text()}')
    return path


def make_links(signer: Signer, files: dict[str, bytes], count: int = 3) -> list[tuple[str, bytes, bytes]]:
    """Return manifests in a chain with their signatures; the last is of ``files``."""
    links, previous = [], NONE
    for number, name in enumerate(NAMES[:count], 1):
        manifest = render_manifest(
            Manifest(
                scan=name,
                number=number,
                previous=previous,
                facts={"operator": "audit@scanner"},
                seen=("web-01 ssh web-01:22: SHA256:abc",),
                files={each: digest(data) for each, data in files.items()} if number == count else {"x": digest(b"")},
            )
        )
        links.append((f"{number:06d}-{name}.manifest", manifest, signer.sign(manifest).encode()))
        previous = digest(manifest)
    return links


def make_bundle(folder: Path) -> bytes:
    """Return a bundle of three scans, of which the last is in it."""
    files = {"README.txt": README.encode(), "report.json": b'{"results": []}\n', "web.snapshot.json.gz": b"\x1f\x8b\0"}
    *before, (_, manifest, signature) = make_links(load_signer(make_key(folder), None), files)
    chain = {f"chain/{name}": data for name, data, _ in before}
    chain.update({f"chain/{name}.sig": data for name, _, data in before})
    return pack_bundle({**files, **chain, MANIFEST: manifest, SIGNATURE: signature})


def unpack(bundle: bytes) -> dict[str, bytes]:
    files, _ = unpack_bundle(bundle)
    return files
