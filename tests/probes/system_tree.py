"""Steps that look at the whole system run in every shell of this machine on a tree that the test lays out."""

from __future__ import annotations

import dataclasses
import re
import shutil
from typing import TYPE_CHECKING

from hardening.model.step import Completed, ShellStep
from tests.probes.shells import Shell, find_shells, open_to_all, run_step

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.step import Step

_ROOTS = re.compile(r"(?<![\w.}/*])/(boot|efi|etc|lib|proc|run|sbin|snap|sys|usr|var)\b(?!/self/ns)")


def run_on_tree(step: Step, tree: Path, *, as_nobody: bool = False) -> Completed:
    """Return what a step answers on the tree in this machine's sh; programs in its /bin come first."""
    return _run(step, tree, Shell(["sh"]), as_nobody=as_nobody)


def run_on_tree_everywhere(step: Step, tree: Path, *, as_nobody: bool = False) -> dict[str, Completed]:
    """Return the same for every shell of this machine, by its name."""
    applets = tree / "applets"
    applets.mkdir()
    shells = find_shells(open_to_all(applets))
    answers = {name: _run(step, tree, shell, as_nobody=as_nobody) for name, shell in shells.items()}
    shutil.rmtree(applets)
    return answers


def _run(step: Step, tree: Path, shell: Shell, *, as_nobody: bool) -> Completed:
    assert isinstance(step, ShellStep)
    moved = dataclasses.replace(step, script=_ROOTS.sub(rf"{tree}/\1", step.script))
    command = [shutil.which(shell.command[0]) or shell.command[0], *shell.command[1:]]
    answer = run_step(moved, Shell(command, f"{tree / 'bin'}:{shell.path}"), as_nobody=as_nobody)
    assert isinstance(answer, Completed)
    here = str(tree).encode()
    return dataclasses.replace(answer, stdout=answer.stdout.replace(here, b""), stderr=answer.stderr.replace(here, b""))
