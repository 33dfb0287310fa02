"""Collecting: what is said to be done is kept."""

from __future__ import annotations

from pathlib import Path

from hardening.app.assign import Plans
from hardening.app.collect import CollectContext, CollectRequest, collect, open_scan_folder
from hardening.model.target import RecordedEndpoint, Target
from hardening.secrets import Redactor, Secret
from hardening.transports.session import Opening
from tests.content.shipped import load_shipped


def test_a_target_is_said_to_be_done_when_its_snapshot_is_kept(tmp_path: Path) -> None:
    request = CollectRequest(targets=[Target(name="web-01", endpoints=(RecordedEndpoint(f"{tmp_path}/missing"),))])
    kept: dict[str, int] = {}

    def note(_target: str, stage: str) -> None:
        kept[stage] = len(folder.snapshot_paths())

    context = CollectContext(
        opening=Opening(resolve=Secret),
        seconds=lambda: 1_767_225_600,
        ticks=lambda: 0,
        progress=note,
        tool_version="1",
        redactor=Redactor(),
    )
    folder = open_scan_folder(tmp_path / "scan", request, context)
    list(collect(request, Plans(load_shipped(), frozenset()), folder, context))
    assert kept == {"connecting": 0, "failed": 1}
