"""Collecting: what is said to be done is kept."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from hardening.app.assign import Plans
from hardening.app.collect import CollectContext, CollectRequest, collect, open_scan_folder
from hardening.model.evidence import Evidence
from hardening.model.step import Answer, NotRun, ShellStep
from hardening.model.target import LocalEndpoint, RecordedEndpoint, Target
from hardening.secrets import Redactor, Secret
from hardening.transports.session import Opening, Traffic
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


class Session:
    """A shell that answers nothing."""

    connection: ClassVar[Evidence] = {}
    traffic = Traffic()

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Return no answer to any step."""
        del as_root
        return {step.name: NotRun("not asked") for step in steps}

    def close(self) -> None:
        """Close nothing."""


def test_sessions_of_ended_visits_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand targets must not leave ten thousand sessions in memory."""
    opened: list[weakref.ref[Session]] = []

    def open_one(endpoint: RecordedEndpoint, opening: Opening) -> Session:
        del endpoint, opening
        session = Session()
        opened.append(weakref.ref(session))
        return session

    monkeypatch.setattr("hardening.app.collect.open_session", open_one)
    targets = [Target(name=f"t{number}", endpoints=(LocalEndpoint(),)) for number in range(9)]
    request = CollectRequest(targets=targets, workers=2)
    context = CollectContext(
        opening=Opening(resolve=Secret),
        seconds=lambda: 1_767_225_600,
        ticks=time.monotonic,
        progress=lambda _target, _stage: None,
        tool_version="1",
        redactor=Redactor(),
    )
    folder = open_scan_folder(tmp_path / "scan", request, context)
    alive = []
    for _ in collect(request, Plans(load_shipped(), frozenset()), folder, context):
        gc.collect()
        alive.append(sum(each() is not None for each in opened))
    assert (len(opened), max(alive) <= 3 * request.workers, alive[-1]) == (9, True, 0)
