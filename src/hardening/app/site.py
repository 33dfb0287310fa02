"""The site folder: the inventory, settings and content of one municipality, found once for a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import UsageError
from hardening.inventory.load import SiteSettings, load_site_settings
from hardening.model.evidence import ABSENT, Absent

if TYPE_CHECKING:
    from hardening.model.texts import Language

_SYSTEM = Path("/etc/hardening")


@dataclass(frozen=True, slots=True)
class Site:
    """A site folder with its settings; ``folder`` is absent where there is none."""

    folder: Path | Absent
    settings: SiteSettings

    @property
    def language(self) -> Language | Absent:
        """The language that the site wants, absent if it names none."""
        return self.settings.language

    @property
    def templates(self) -> Path | None:
        """The folder with report templates of the site's own, ``None`` if it has none."""
        if isinstance(self.folder, Absent) or not (self.folder / "reports" / "html").is_dir():
            return None
        return self.folder / "reports" / "html"

    @property
    def content_folders(self) -> tuple[Path, ...]:
        """Folders with checks and baselines of the site's own."""
        if isinstance(self.folder, Absent):
            return ()
        if (self.folder / "checks").is_dir() or (self.folder / "baselines").is_dir():
            return (self.folder,)
        return ()

    @property
    def gate(self) -> Path | Absent:
        """The thresholds of the site, absent if it has none."""
        if isinstance(self.folder, Absent) or not (self.folder / "gate.yaml").exists():
            return ABSENT
        return self.folder / "gate.yaml"

    @property
    def inventory(self) -> Path | Absent:
        """The inventory of the site, absent if it has none."""
        if isinstance(self.folder, Absent) or not (self.folder / "inventory.yaml").is_file():
            return ABSENT
        return self.folder / "inventory.yaml"


def find_site(named: Path | None) -> Site:
    """Return the site: the one named, else the current folder if it has an inventory, else `/etc/hardening`, else none.

    Raises ``UsageError`` if a named folder does not exist, ``ContentError`` if its settings are invalid.
    """
    folder = _find_folder(named)
    if isinstance(folder, Path) and (folder / "site.yaml").is_file():
        return Site(folder, load_site_settings(folder / "site.yaml"))
    return Site(folder, SiteSettings())


def _find_folder(named: Path | None) -> Path | Absent:
    if named is not None:
        if not named.is_dir():
            msg = f"{named}: no such site folder; make it, or leave out --site"
            raise UsageError(msg)
        return named
    if Path("inventory.yaml").is_file():
        return Path()
    return _SYSTEM if (_SYSTEM / "inventory.yaml").is_file() else ABSENT
