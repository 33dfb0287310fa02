"""Proves that cleaned recordings of real servers are judged as the servers are, and name none of their people."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from pathlib import Path

import pytest

from tests.lab.catalogue import PASSWORD
from tests.lab.scans import EXTENDED, SUDO_PASSWORD, Scans

pytestmark = pytest.mark.slow

OPTIONS = {
    "plain": ("--become", "sudo"),
    "weak": ("--become", "sudo"),
    "hardened": ("--become", "sudo", "--sudo-password-from", f"env:{SUDO_PASSWORD}"),
}
PEOPLE = {"nosudoers", "pwonly", "mustchange"}


def collect(scans: Scans, name: str, into: Path, *options: str) -> Path:
    words = ("collect", *scans.words(f"audit@{name}")[1:-2], *OPTIONS[name], *EXTENDED, "--keep-raw", *options)
    run = scans.run(*words, "--into", into)
    assert run.status == 0, run.err
    (path,) = into.glob("*.recording.json.gz")
    return path


@pytest.mark.parametrize("name", OPTIONS)
def test_a_server_is_judged_as_its_cleaned_recording(scans: Scans, tmp_path: Path, name: str) -> None:
    raw = collect(scans, name, tmp_path / "raw")
    words = ("--keep-raw", "--redact", *EXTENDED, "--into", tmp_path / "shown")
    scans.run("collect", f"recorded:{raw}", *words)
    shown = tmp_path / "shown" / "redacted-1.recording.json.gz"
    judged = [scans.run("scan", f"recorded:{path}", *EXTENDED, "-o", "json=-").outcomes for path in (raw, shown)]
    assert judged[0] == judged[1]


def test_nobody_of_the_server_is_named(scans: Scans, tmp_path: Path) -> None:
    shown = collect(scans, "plain", tmp_path, "--redact")
    document = json.loads(gzip.decompress(shown.read_bytes()))
    texts = [b64decode(answer[stream]).decode() for answer in document["answers"] for stream in ("stdout", "stderr")]
    whole = "\n".join([*texts, json.dumps(document["connection"])])
    address = scans.lab.host("plain").address
    keys = [line.split()[2] for line in scans.lab.host("plain").host_keys]
    assert [word for word in (*PEOPLE, address, PASSWORD, *keys) if word in whole] == []
