"""No command writes a secret: not on a terminal, not into a file, not in an error, though the target says it aloud."""

from __future__ import annotations

import gzip
import os
import re
import sys
from pathlib import Path

import pytest

from hardening.cli import COMMANDS
from hardening.secrets import Redactor
from hardening.snapshots.withholding import REASON
from hardening.transports.bootstrap import _SUDO
from tests.cli.conftest import Command, Run

# What the machine answers of itself is the password here: it stands in what the target says, through and through.
SECRET = os.uname().release
FAKE_SUDO = """#!/bin/sh
# Asks with the prompt of -p, reads the password, says it aloud, and becomes root, which it is already.
while [ $# -gt 0 ]; do
    case $1 in
        -p) printf '%s' "$2" >&2; shift 2 ;;
        --) shift; break ;;
        -*) shift ;;
        *) break ;;
    esac
done
IFS= read -r password
echo "you said $password" >&2
exec "$@"
"""
COMMAND_LINES = {
    "scan": ["scan", "-i", "inventory.yaml", "-o", "json=gap.json", "-o", "html=gap.html", "--keep-raw", "-vv"],
    "collect": ["collect", "-i", "inventory.yaml", "--keep-raw", "--into", "kept", "-vv"],
    "evaluate": ["evaluate", "kept", "-o", "json=-", "-vv"],
    "report": ["report", "gap.json", "-o", "html=-"],
    "history": ["history", "--json"],
    "trend": ["trend"],
    "diff": ["diff", "gap.json", "latest"],
    "waivers": ["waivers", "list"],
    "verify": ["verify", "latest"],
    "bundle": ["bundle", "latest", "-o", "evidence.tar"],
    "schedule": ["schedule", "install", "--dry-run"],
    "discover": ["discover", "ldaps://127.0.0.1:9", "--user", "audit", "--password-from", "env:LEAK_ME", "-vv"],
    "plan": ["plan", "-b", "linux-server"],
    "doctor": ["doctor", "-i", "inventory.yaml", "--json", "-vv"],
    "explain": ["explain", "linux-perm-shadow", "--from", "latest"],
    "inventory": ["inventory", "show", "--json"],
    "checks": ["checks", "list"],
    "baselines": ["baselines", "list"],
    "measures": ["measures", "list"],
}


@pytest.fixture
def leaky(hardening: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Prepare a target whose sudo asks for the secret and repeats it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sudo").write_text(FAKE_SUDO)
    (tmp_path / "bin/sudo").chmod(0o755)
    # The script sets a PATH of its own, so the word itself names the other sudo.
    monkeypatch.setattr("hardening.transports.bootstrap._SUDO", _SUDO.replace("sudo ", f"{tmp_path}/bin/sudo "))
    monkeypatch.setenv("LEAK_ME", SECRET)
    monkeypatch.setattr("os.geteuid", lambda: 65_534)
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        'credentials:\n  c: {sudo_password: "env:LEAK_ME"}\n'
        "targets:\n  - {name: web-01, local: {become: sudo}, credential: c, baselines: [linux-server]}\n"
    )
    inventory.chmod(0o600)
    return hardening


def test_no_command_writes_a_secret(leaky: Command, tmp_path: Path) -> None:
    runs: dict[str, Run] = {name: leaky(*words) for name, words in COMMAND_LINES.items()}
    told = [name for name, run in runs.items() if SECRET in run.out + run.err]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept = [str(path.relative_to(tmp_path)) for path in files if SECRET.encode() in _read(path)]
    assert (told, kept) == ([], [])
    assert any(REASON in _read(path).decode() for path in files if path.name.endswith(".snapshot.json.gz"))


def test_every_command_is_among_them() -> None:
    assert set(COMMAND_LINES) == set(COMMANDS)


def test_secret_in_place_of_its_reference_is_not_repeated(leaky: Command) -> None:
    run = leaky("scan", "local", "--sudo-password-from", "Sommer-2026!")
    assert (run.status, "Sommer" in run.out + run.err) == (2, False)


def test_crash_is_told_without_secrets(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def crash(_: list[str], redactor: Redactor) -> int:
        from hardening.secrets import Secret  # noqa: PLC0415 - as the code that resolves it

        redactor.add(Secret(SECRET))
        raise ValueError(SECRET)

    monkeypatch.setattr("hardening.cli.invoke", crash)
    monkeypatch.setattr("os.umask", lambda mask: mask)  # what a program sets for itself, a test must not leave behind
    hook = sys.excepthook
    try:
        from hardening.cli import run  # noqa: PLC0415 - the patched one is called by it

        with pytest.raises(ValueError, match=re.escape(SECRET)) as caught:
            run()
        sys.excepthook(ValueError, caught.value, None)
    finally:
        sys.excepthook = hook
    assert capfd.readouterr().err == "ValueError: [secret]\n"


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data
