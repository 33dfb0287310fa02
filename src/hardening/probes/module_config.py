"""What modprobe's configuration says of modules, by the rules of modprobe.d(5) as kmod carries them out.

Files are read by name over all folders, each name from the first folder that has it. Of several ``install`` lines
that match a module the first one counts. A hyphen in a name is an underscore.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.probes.config_files import FileToRead, order_masked
from hardening.probes.listing import Source
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.probes.config_lines import NumberedLines
    from hardening.probes.listing import Listing

FOLDERS = tuple(
    Source(f"{root}/modprobe.d/*.conf", pattern=True) for root in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
_REFUSING = frozenset({":", "false", "true"})


@dataclass(frozen=True, slots=True)
class Command:
    """What runs in place of loading a module; ``refuses`` says that this loads nothing."""

    text: str
    place: str

    @property
    def refuses(self) -> bool:
        """Whether the command does nothing but end."""
        words = self.text.split("#", 1)[0].split()
        return len(words) == 1 and words[0].rpartition("/")[2] in _REFUSING


@dataclass(slots=True)
class ModuleConfig:
    """All ``install`` and ``blacklist`` lines in reading order, and why some could not be read."""

    installs: list[tuple[str, Command]] = field(default_factory=list)
    blacklists: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def find_command(self, module: str) -> Command | None:
        """Return what runs in place of loading a module."""
        return next((command for pattern, command in self.installs if fnmatch.fnmatchcase(module, pattern)), None)

    def find_blacklist(self, module: str) -> str:
        """Return the place that keeps a module from loading by an alias; empty where none does."""
        return next((place for name, place in self.blacklists if name == module), "")


def normalize_module(name: str) -> str:
    """Return the name as the kernel writes it; inside square brackets of a pattern nothing changes."""
    head, bracket, rest = name.partition("[")
    inside, closing, tail = rest.partition("]")
    return head.replace("-", "_") + bracket + inside + closing + (normalize_module(tail) if tail else "")


def read_module_config(listing: Listing, lines: Mapping[str, NumberedLines]) -> ModuleConfig:
    """Read all files in order."""
    config = ModuleConfig()
    for file in order_masked(listing, FOLDERS):
        if file.problem:
            config.problems.append(file.problem)
        elif file.name:
            _read_file(config, file, lines.get(file.name, []))
    return config


def _read_file(config: ModuleConfig, file: FileToRead, lines: NumberedLines) -> None:
    for number, words in _join(lines):
        place = f"{clean(file.name)}:{number}"
        if words[0] == "install" and len(words) > 2:  # noqa: PLR2004 - the word, the module and the command
            config.installs.append((normalize_module(words[1]), Command(clean(" ".join(words[2:])), place)))
        elif words[0] == "blacklist" and len(words) > 1:
            config.blacklists.append((normalize_module(words[1]), place))


def _join(lines: NumberedLines) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the words of each line; a backslash at its end continues it, and a comment may not."""
    pending, start = "", 0
    for number, line in lines:
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1]
            continue
        whole, pending = pending + line, ""
        if not whole.startswith("#") and whole.split():
            yield start, whole.split()
