"""Steps run in every shell of this machine on a tree that the test lays out, in place of the machine's own files."""

from __future__ import annotations

import dataclasses
import re
import shutil
from typing import TYPE_CHECKING

from hardening.model.step import Completed, ShellStep
from tests.probes.shells import Shell, find_shells, open_to_all, run_step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.step import Step

_ROOTS = re.compile(r"(?<![\w.}/])/(etc|usr|run|lib|sbin)\b")


def lay_out(tree: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files, given by their absolute paths, below a folder that everybody may pass."""
    for path, content in files.items():
        file = tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if "bin/" in path:
            file.chmod(0o755)
    return open_to_all(tree)


def run_in_sh(step: Step, tree: Path, *, as_nobody: bool = False, without_programs: bool = False) -> Completed:
    """Return what a step answers on the tree in this machine's sh; programs in its /bin come first."""
    return _run(step, tree, Shell(["sh"]), as_nobody=as_nobody, without_programs=without_programs)


def run_in_shells(
    step: Step, tree: Path, *, as_nobody: bool = False, without_programs: bool = False
) -> dict[str, Completed]:
    """Return the same for every shell of this machine, by its name."""
    applets = tree / "applets"
    applets.mkdir()
    shells = find_shells(open_to_all(applets))
    answers = {
        name: _run(step, tree, shell, as_nobody=as_nobody, without_programs=without_programs)
        for name, shell in shells.items()
    }
    shutil.rmtree(applets)
    return answers


def _run(step: Step, tree: Path, shell: Shell, *, as_nobody: bool, without_programs: bool) -> Completed:
    assert isinstance(step, ShellStep)
    moved = dataclasses.replace(step, script=_ROOTS.sub(rf"{tree}/\1", step.script))
    path = str(tree / "bin") if without_programs else f"{tree / 'bin'}:{shell.path}"
    command = [shutil.which(shell.command[0]) or shell.command[0], *shell.command[1:]]
    answer = run_step(moved, Shell(command, path), as_nobody=as_nobody)
    assert isinstance(answer, Completed)
    return dataclasses.replace(answer, stdout=answer.stdout.replace(str(tree).encode(), b""))
