"""Running the real command against lab hosts: in this process, with quick limits where a peer will never answer."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

from hardening.cli import invoke
from hardening.secrets import Redactor
from hardening.transports.session import Limits, Opening
from tests.lab.catalogue import PASSWORD, Login, jumps
from tests.lab.lab import Lab

EXTENDED: Final = ("-b", "linux-server:extended")
QUICK: Final = Limits(connect_seconds=3, idle_seconds=4, deadline_seconds=20)
SUDO_PASSWORD: Final = "LAB_SUDO_PASSWORD"
WRONG_PASSWORD: Final = "LAB_WRONG_PASSWORD"
WRONG: Final = "Vinter-1999?"
SECRETS: Final = {SUDO_PASSWORD: PASSWORD, WRONG_PASSWORD: WRONG}


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

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each check, where one target was scanned."""
        return {result["check"]: result["outcome"] for result in self.report["results"]}

    @property
    def kept_in(self) -> Path:
        """The folder with the snapshots, as the command says it."""
        return Path(self.err.rpartition("snapshots: ")[2].partition("\n")[0])

    @property
    def passed(self) -> set[str]:
        """The checks that passed."""
        return {check for check, outcome in self.outcomes.items() if outcome == "pass"}

    @property
    def passed_by_answers(self) -> set[str]:
        """The checks that passed by what a target answered; what was seen of the connection alone is left out."""
        passed = {result["check"] for result in self.report["results"] if result["outcome"] == "pass"}
        return {check for check in passed if not check.startswith("linux-ssh-connection-")}

    @property
    def said(self) -> str:
        """The summary as one line, whatever the width of the terminal broke it at."""
        return " ".join(self.err.replace("\n  · ", "\n").split())


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans of a lab, kept under a folder; a scan that several tests look at runs once."""

    lab: Lab
    folder: Path
    kept: dict[tuple[str, ...], Run] = field(default_factory=dict)

    def words(self, target: str) -> tuple[str, ...]:
        """Return the words of a scan of `account@host`, which is started, with a JSON report on standard output."""
        account, _, name = target.rpartition("@")
        host = self.lab.host(name)
        outer = ",".join(f"audit@{self.lab.host(jump).address}:22" for jump in jumps(name))
        jump = ("--jump", outer) if outer else ()
        login = ("--key", str(host.key), "--known-hosts", str(self.lab.known_hosts))
        is_asked = account in host.accounts and host.accounts[account].login is Login.KEY_AND_PASSWORD
        password = ("--password-from", f"env:{SUDO_PASSWORD}") if is_asked else ()
        return ("scan", f"ssh://{account}@{host.address}:{host.port}", *login, *password, *jump, "-o", "json=-")

    def scan(self, target: str, *options: object, limits: Limits | None = None) -> Run:
        """Scan `account@host`."""
        return self.run(*self.words(target), *options, limits=limits)

    def scan_once(self, target: str, *options: str) -> Run:
        """Scan `account@host`, or return what that came to before."""
        key = (target, *options)
        if key not in self.kept:
            self.kept[key] = self.scan(target, *options)
        return self.kept[key]

    def run(self, *words: object, limits: Limits | None = None) -> Run:
        """Run `hardening` with some words, and with limits of its own where a test must not wait for the usual ones."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        opening = partial(Opening, limits=limits) if limits else Opening
        with (
            mock.patch.dict(os.environ, self.environment()),
            mock.patch("hardening.cli.surroundings.Opening", opening),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = invoke([str(word) for word in words], Redactor())
        return Run(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def environment(self) -> Mapping[str, str]:
        """Return the surroundings of a scan: nothing of the one who runs the tests."""
        return {
            "STATE_DIRECTORY": str(self.folder / "state"),
            "HOME": str(self.folder),
            "LANG": "en_GB.UTF-8",
            "LC_ALL": "en_GB.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "SSH_AUTH_SOCK": "",
            **SECRETS,
        }
