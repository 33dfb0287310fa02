"""Which files set kernel parameters at boot, and in which order they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.config_files import FileToRead, classify, order_masked, refused_folders
from hardening.probes.config_lines import READERS, NumberedLines, select
from hardening.probes.listing import Listing, Source
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FOLDERS = tuple(
    Source(f"{root}/sysctl.d/*.conf", pattern=True) for root in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
_MAIN = Source("/etc/sysctl.conf")
_UFW_SWITCH = Source("/etc/ufw/ufw.conf")
_UFW_DEFAULTS = Source("/etc/default/ufw")
_UFW = Source("/etc/ufw/sysctl.conf")
SOURCES = (*_FOLDERS, _MAIN, _UFW_SWITCH, _UFW_DEFAULTS, _UFW)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSeen:
    """What was found and read. ``lost`` is why some file could not be read after all; any without a line may be it."""

    listing: Listing
    lines: Mapping[str, NumberedLines]
    lost: str = ""

    def order_boot(self, *, systemd: bool) -> list[FileToRead]:
        """Return what systemd-sysctl reads, or else ``sysctl --system``, which reads /etc/sysctl.conf last."""
        files = self._doubt(order_masked(self.listing, _FOLDERS))
        return files if systemd else files + self._single(_MAIN)

    def order_ufw(self) -> list[FileToRead]:
        """Return what an enabled ufw applies after everything else (ufw-init-functions)."""
        problems = [file for file in self._single(_UFW_SWITCH) if file.problem]
        if problems or self._shell_value(_UFW_SWITCH, "ENABLED") not in {"yes", "YES"}:
            return problems
        problems = [file for file in self._single(_UFW_DEFAULTS) if file.problem]
        path = self._shell_value(_UFW_DEFAULTS, "IPT_SYSCTL")
        if problems or not path:
            return problems
        if path != _UFW.text:
            return [FileToRead(path, f"ufw reads {clean(path)}, which was not asked for")]
        return self._single(_UFW)

    def _single(self, source: Source) -> list[FileToRead]:
        found = map(classify, self.listing.entries.get(source, ()))
        return self._doubt(found) + refused_folders(self.listing, source)

    def _doubt(self, files: Iterable[FileToRead]) -> list[FileToRead]:
        return [
            FileToRead(file.name, file.problem or self.lost) if file.name and not self.lines.get(file.name) else file
            for file in files
        ]

    def _shell_value(self, source: Source, key: str) -> str:
        assignments = list(READERS["equals"](self.lines.get(source.text, [])))
        found = select(assignments, key, "", ignore_case=False)
        return found[-1].value.strip("\"'") if found else ""
