"""Steps run in real shells, in the same frame that a batch puts around them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.model.step import Answer, Completed, ShellStep
from hardening.probes import KINDS
from hardening.probes.shell import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.probe import Probe
    from hardening.model.step import Step

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell and the search path that it gives its programs."""

    command: Sequence[str]
    path: str = _PATH


def find_shells(folder: Path) -> dict[str, Shell]:
    """Return the shells of this machine; busybox comes with its own programs, linked in ``folder``."""
    shells = {"sh": Shell(["sh"])}
    if shutil.which("dash"):
        shells["dash"] = Shell(["dash"])
    if shutil.which("bash"):
        shells["bash"] = Shell(["bash", "--posix"])
    busybox = shutil.which("busybox")
    if busybox:
        for applet in subprocess.run([busybox, "--list"], capture_output=True, check=True, text=True).stdout.split():
            (folder / applet).symlink_to(busybox)
        shells["busybox"] = Shell([busybox, "sh"], str(folder))
    return shells


def run_step(step: Step, shell: Shell, *, as_nobody: bool = False) -> Answer:
    """Return what a step of a shell answers on this machine."""
    assert isinstance(step, ShellStep)
    script = f"export PATH LC_ALL=C\numask 077\n( eval {quote(step.script)} ) </dev/null\n"
    account = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if as_nobody else {}
    done = subprocess.run(
        [*shell.command, "-s"],
        input=script.encode(),
        capture_output=True,
        check=False,
        timeout=30,
        cwd="/",
        env={"PATH": shell.path},
        **account,  # type: ignore[call-overload]
    )
    return Completed(exit_status=done.returncode, stdout=done.stdout, stderr=done.stderr)


def ask(probe: Probe, shell: Shell, *, as_nobody: bool = False) -> Evidence:
    """Return the evidence of one probe on this machine."""
    kind = KINDS[probe.kind]
    answers = {step.name: run_step(step, shell, as_nobody=as_nobody) for step in kind.steps([probe])}
    return kind.parse([probe], answers)[probe]


def open_to_all(folder: Path) -> Path:
    """Let every account pass through a temporary folder and its parents, as far as they are ours."""
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return folder
