"""Reading servers from elsewhere: files, and one program that a person names."""

from __future__ import annotations

import shutil
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.documents.text import read_text
from hardening.errors import UsageError
from hardening.inventory.ansible_data import read_listing, read_variables, read_yaml
from hardening.inventory.ansible_ini import read_ini
from hardening.inventory.ansible_tree import AnsibleTree
from hardening.inventory.host_lists import read_csv, read_ssh_config_hosts
from hardening.model.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardening.inventory.imported import Found

PROGRAM = "ansible-inventory"
_SECONDS = 300
_LARGEST = 200_000_000
_SUFFIXES = (".yaml", ".yml", ".json")


class SourceKind(StrEnum):
    """Where servers are taken from; only the last one runs a program."""

    ANSIBLE = "ansible"
    CSV = "csv"
    SSH_CONFIG = "ssh-config"
    ANSIBLE_INVENTORY = "ansible-inventory"


def read_source(kind: SourceKind, source: Path, into: Path | None) -> Found:
    """Return what a source has, for the inventory ``into``; raises ``ContentError`` and ``UsageError``."""
    match kind:
        case SourceKind.CSV:
            return read_csv(read_text(source, str(source)), str(source))
        case SourceKind.SSH_CONFIG:
            name = _name_from(source, into)
            return read_ssh_config_hosts(read_text(source, str(source)), str(source), name)
        case SourceKind.ANSIBLE:
            return _read_ansible(source)
        case SourceKind.ANSIBLE_INVENTORY:
            tree = AnsibleTree()
            read_listing(_ask_ansible(source), f"{PROGRAM} --list of {source}", tree)
            return tree.build()


def _name_from(source: Path, into: Path | None) -> str:
    """Return a file as an inventory names it: from the inventory's folder if it lies there, else by its whole path."""
    path = source.expanduser().resolve()
    return str(path.relative_to(into.parent)) if into is not None and path.is_relative_to(into.parent) else str(path)


def _read_ansible(source: Path) -> Found:
    if source.is_dir():
        msg = (
            f"{source}: is a folder; name its files, or let `hardening inventory import {PROGRAM} {source}` ask Ansible"
        )
        raise UsageError(msg)
    tree = AnsibleTree()
    text = read_text(source, str(source))
    if text.startswith("#!"):
        msg = f"{source}: is a program; let `hardening inventory import {PROGRAM} {source}` run it"
        raise UsageError(msg)
    if source.suffix in _SUFFIXES:
        read_yaml(text, str(source), tree)
    else:
        read_ini(text, str(source), tree)
    for name in tree.groups:
        for path in _find_variables(source.parent / "group_vars", name):
            tree.groups[name].variables.update(read_variables(read_text(path, str(path)), str(path), tree))
    for path in _find_variables(source.parent / "group_vars", "all"):
        group = tree.group("all", Place(str(path)))
        group.variables.update(read_variables(read_text(path, str(path)), str(path), tree))
    for name in tree.hosts:
        for path in _find_variables(source.parent / "host_vars", name):
            tree.hosts[name].update(read_variables(read_text(path, str(path)), str(path), tree))
    return tree.build()


def _find_variables(folder: Path, name: str) -> Iterable[Path]:
    """Yield the files with the variables of a group or a server: one of its name, or those in a folder of its name."""
    if not folder.is_dir() or "/" in name or name in {".", ".."}:
        return
    for suffix in ("", *_SUFFIXES):
        path = folder / f"{name}{suffix}"
        if path.is_dir() and not suffix:
            yield from sorted(each for each in path.iterdir() if each.is_file() and each.suffix in {"", *_SUFFIXES})
        elif path.is_file():
            yield path


def _ask_ansible(source: Path) -> str:
    """Return what Ansible says of an inventory; it runs the programs that this names. Raises ``UsageError``."""
    program = shutil.which(PROGRAM)
    if program is None:
        msg = f"{PROGRAM} is not installed here; install ansible-core, or import a file with `ansible`"
        raise UsageError(msg)
    if not source.exists():
        msg = f"{source}: there is no such inventory; name its file or folder"
        raise UsageError(msg)
    try:
        done = subprocess.run(  # a program that the user asked for, without a shell
            [program, f"--inventory={source.resolve()}", "--list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{PROGRAM} gave no answer ({error}); run it by hand: {PROGRAM} -i {source} --list"
        raise UsageError(msg) from error
    if done.returncode or len(done.stdout) > _LARGEST:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        msg = f"{PROGRAM} failed ({last or done.returncode}); run it by hand: {PROGRAM} -i {source} --list"
        raise UsageError(msg)
    return done.stdout.decode(errors="replace")
