"""The command line run in this process, with a state folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hardening.cli import invoke
from hardening.content.load import load_content
from hardening.model.content import Content
from hardening.probes import KINDS
from hardening.probes.kind import ProbeKind
from hardening.secrets import Redactor


@dataclass(frozen=True, slots=True)
class Run:
    """What one command line came to."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        """Standard output read as JSON."""
        return json.loads(self.out)


Command = Callable[..., Run]


@cache
def _load(shipped: Path, extra: tuple[Path, ...]) -> Content:
    return load_content(shipped, extra, kinds=KINDS)


def load_once(shipped: Path, extra: Sequence[Path], *, kinds: Mapping[str, ProbeKind]) -> Content:
    """Load content as `load_content` does, the same folders once."""
    assert kinds is KINDS
    return _load(shipped, tuple(extra))


@pytest.fixture
def hardening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs `hardening` with some words."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    # Every command loads all content; it is the same for all of them here, and read once a process.
    monkeypatch.setattr("hardening.app.content.load_content", load_once)
    for name in ("LC_ALL", "HARDENING_SITE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Run:
        capfd.readouterr()
        status = invoke([str(word) for word in words], Redactor())
        shown = capfd.readouterr()
        return Run(status, shown.out, shown.err)

    return run


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of this machine, asked the whole extended baseline once for all tests."""
    folder = tmp_path_factory.mktemp("recorded")
    arguments = ["collect", "local", "-b", "linux-server:extended", "--keep-raw", "-q", "--into", str(folder / "scan")]
    assert invoke(arguments, Redactor()) == 0
    return folder / "scan" / "local.recording.json.gz"
