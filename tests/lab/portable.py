"""This Python and this checkout as a folder that runs in a lab host, which has neither of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from hardening.content.shipped import find_shipped

PLACE: Final = Path("/opt/hardening")
SHIPPED: Final = ("checks", "baselines", "reports", "schemas")
LEFT_OUT: Final = ("test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "site-packages", "dist-packages")
PROGRAM: Final = f"""\
#!/bin/sh
PYTHONHOME={PLACE} PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH={PLACE}/system
export PYTHONHOME PYTHONDONTWRITEBYTECODE LD_LIBRARY_PATH
exec {PLACE}/bin/python -c 'import sys; from hardening.cli import run; sys.argv[0] = "hardening"; run()' "$@"
"""


def install_into(root: Path) -> Path:
    """Copy what `hardening` needs below a root, and return the program as the host names it."""
    folder = root / PLACE.relative_to("/")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = folder / "lib" / version
    shutil.copytree(
        sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*LEFT_OUT, "__pycache__", "config-*")
    )
    (folder / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin/python")
    packages = library / "site-packages"
    packages.mkdir()
    for each in _needed("hardening", set()):
        _copy_distribution(each, packages)
    shutil.copytree(
        find_shipped() / "src/hardening",
        packages / "hardening",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in SHIPPED:
        shutil.copytree(find_shipped() / name, packages / "hardening/_shipped" / name)
    _copy_libraries(folder)
    program = folder / "bin/hardening"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return PLACE / "bin/hardening"


def _needed(name: str, seen: set[str]) -> Iterator[Distribution]:
    """Yield what a distribution requires, without its extras."""
    for requirement in distribution(name).requires or ():
        found = re.match(r"[A-Za-z0-9._-]+", requirement)
        if not found or "extra ==" in requirement or found[0].lower() in seen:
            continue
        seen.add(found[0].lower())
        try:
            yield distribution(found[0])
            yield from _needed(found[0], seen)
        except PackageNotFoundError:  # for another platform or version
            continue


def _copy_distribution(each: Distribution, packages: Path) -> None:
    for file in each.files or ():
        source = Path(str(each.locate_file(file)))
        if ".." in file.parts or "__pycache__" in file.parts or not source.is_file():
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _copy_libraries(folder: Path) -> None:
    """Copy the shared libraries that Python and its modules load, but those of the C library, which the host has."""
    (folder / "system").mkdir()
    loaded = [folder / "bin/python", *folder.rglob("*.so")]
    listed = subprocess.run(["ldd", *map(str, loaded)], capture_output=True, text=True, check=False).stdout
    for path in {Path(found) for found in re.findall(r"=> (/\S+)", listed)}:
        if not re.match(r"(libc|libm|libdl|libpthread|librt|libutil|ld-linux.*)\.so", path.name):
            shutil.copy(path, folder / "system" / path.name)
