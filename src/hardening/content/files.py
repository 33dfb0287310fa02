"""Which files a content folder has, and what each of them is by where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hardening.content.checks import PREFIXES
from hardening.documents.text import find_shared
from hardening.model.place import Place, Problem

_ACTIONS = "actions.yaml"
_OTHER_ENDINGS = {".yml", ".YAML", ".YML"}


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A file, what problems and reports call it, and the folder of its platform (empty outside ``checks``)."""

    path: Path
    name: str
    platform: str = ""

    @property
    def stem(self) -> str:
        """The id of what is in the file."""
        return self.path.stem


@dataclass(slots=True)
class ContentFiles:
    """The files of some content folders by what they hold, and what is wrong about where they stand."""

    checks: list[ContentFile] = field(default_factory=list)
    actions: list[ContentFile] = field(default_factory=list)
    baselines: list[ContentFile] = field(default_factory=list)
    frameworks: list[ContentFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add_shipped(self, root: Path) -> None:
        """Add a folder of shipped content; its files are called by their path in it."""
        for path in _walk(root):
            if path.is_file():
                self._sort(path, path.relative_to(root), path.relative_to(root).as_posix())

    def add_site(self, root: Path) -> None:
        """Add a site's folder; what others can write there is refused, because it would decide what we say."""
        if not root.is_dir():
            self.problems.append(Problem(Place(str(root)), "there is no such folder"))
            return
        paths = list(_walk(root))
        self.problems.extend(find_shared([root, *paths]))
        for path in paths:
            if path.is_file():
                self._sort(path, path.relative_to(root), str(path))

    def _sort(self, path: Path, inside: Path, name: str) -> None:
        if path.suffix in _OTHER_ENDINGS:
            self.problems.append(Problem(Place(name), "would not be read", f"call it {path.stem}.yaml"))
        if path.suffix != ".yaml":
            return
        match inside.parts:
            case "checks", str(file) if file == _ACTIONS:
                self.actions.append(ContentFile(path, name))
            case "checks", platform, *_, _ if platform in PREFIXES:
                self.checks.append(ContentFile(path, name, platform))
            case "checks", *_:
                folders = ", ".join(f"checks/{platform}" for platform in PREFIXES)
                self.problems.append(Problem(Place(name), "stands in no platform's folder", f"move it into {folders}"))
            case "baselines", _:
                self.baselines.append(ContentFile(path, name))
            case "baselines", "measures", _:
                self.frameworks.append(ContentFile(path, name))
            case _:
                self.problems.append(
                    Problem(Place(name), "is too deep", "move it into baselines or baselines/measures")
                )


def _walk(root: Path) -> Iterator[Path]:
    """Yield every folder and file of content under ``root``, sorted; hidden ones belong to editors and git."""
    for top in ("baselines", "checks"):
        for folder, folders, files in os.walk(root / top):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield Path(folder)
            yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))
