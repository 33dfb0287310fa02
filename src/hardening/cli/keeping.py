"""What `scan` does with what it found, once the reports are written: seal it, keep it, tell of new gaps."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from hardening.app.history import keep_scan
from hardening.app.hook import tell
from hardening.app.new_gaps import list_new_gaps
from hardening.app.seal import name_operator, seal_scan, stamp_scan
from hardening.app.state import find_state

if TYPE_CHECKING:
    from hardening.app.collect import CollectRequest
    from hardening.app.scan import Scanned
    from hardening.model.content import Content
    from hardening.seal.sshsig import Signer
    from hardening.seal.timestamp import Stamper


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who signs and who stamps, which command hears of new gaps (none if empty), and whether anything is said."""

    signer: Signer | None
    hook: tuple[str, ...]
    stamper: Stamper | None = None
    quiet: bool = False


def keep(scanned: Scanned, request: CollectRequest, content: Content, keeping: Keeping) -> None:
    """Seal and keep a scan, and run the hook if there are new gaps; raises ``StorageError``.

    The reports are written by now: should this fail, they and the snapshots are there all the same.
    """
    state = find_state(os.environ)
    sealed = seal_scan(scanned, request, content, state, keeping.signer, operator=name_operator(), now=time.time())
    for warning in keep_scan(scanned.assessment.report, scanned.folder, state, now=time.time()):
        click.echo(f"hardening: {warning}", err=True)
    new_gaps = list_new_gaps(state) if keeping.hook else []
    if new_gaps:
        message = {"scan": scanned.folder.path.name, "chain_head": sealed.head, "new_gaps": new_gaps}
        if trouble := tell(keeping.hook, message):
            click.echo(f"hardening: {trouble}", err=True)
    if not keeping.quiet:
        click.echo(f"snapshots: {scanned.folder.path}", err=True)
        signed = f"signed by {sealed.signer}" if sealed.signer else "not signed"
        click.echo(f"chain: {sealed.head} (number {sealed.number}, {signed})", err=True)
    if keeping.stamper:
        stamp_scan(sealed, scanned.folder.path, state, keeping.stamper)
