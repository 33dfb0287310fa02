"""The program that shuts itself into a root tree: what it reads of this machine, and that it needs nothing else."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hardening.transports import namespaces
from hardening.transports.namespaces import PREFIX, SET_UP_FAILED

PROGRAM = Path(namespaces.__file__)
MOUNTS = rb"""22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:31 / /sys/root rw - ext4 /dev/sda1 rw
41 40 0:32 / /sys/root/var\040log\012x rw - tmpfs none rw
42 22 0:33 / /sys/root2 rw - tmpfs none rw
"""


def test_mounts_in_a_folder_are_found_with_their_own_names() -> None:
    assert namespaces._below(b"/sys/root", MOUNTS) == [b"/sys/root", b"/sys/root/var log\nx"]


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(PROGRAM.read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) == set()


def run_program(tree: str, *, under: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    arguments = [*under, sys.executable, "-I", "-S", str(PROGRAM), tree, "/bin/sh", "-c", "echo ran"]
    return subprocess.run(arguments, check=False, capture_output=True, text=True)


def test_a_folder_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    done = run_program(f"{tmp_path}/nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (
        SET_UP_FAILED,
        "",
        f"{PREFIX}{tmp_path}/nowhere: No such file or directory\n",
    )


def test_without_root_rights_nothing_runs(tmp_path: Path) -> None:
    without_rights = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    done = run_program(str(tmp_path), under=without_rights)
    assert (done.returncode, done.stdout, done.stderr) == (
        SET_UP_FAILED,
        "",
        f"{PREFIX}could not unshare: Operation not permitted\n",
    )
