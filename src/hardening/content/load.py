"""Loading everything: all files of all folders, every problem at once, and then the values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from hardening.content.actions import build_actions, inspect_actions
from hardening.content.baselines import BaselineSource, KnownChecks, inspect_baseline
from hardening.content.checks import build_check, inspect_check
from hardening.content.digest import digest_data
from hardening.content.files import ContentFile, ContentFiles
from hardening.content.forms.actions import ActionsForm
from hardening.content.forms.baseline import BaselineForm
from hardening.content.forms.check import CheckForm
from hardening.content.forms.framework import FrameworkForm
from hardening.content.frameworks import (
    RECOMMENDING,
    FrameworkSource,
    build_framework,
    follow,
    inspect_follows,
    inspect_framework,
)
from hardening.content.inspection import Inspection
from hardening.content.tailoring import resolve_baselines
from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.validate import Form, validate
from hardening.errors import ContentError
from hardening.model.content import Content
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.baseline import Baseline
    from hardening.model.check import Action, Check
    from hardening.model.measure import Framework
    from hardening.probes.kind import ProbeKind

_FormType = TypeVar("_FormType", bound=Form)
_Value = TypeVar("_Value")


def load_content(shipped: Path, extra: Sequence[Path] = (), *, kinds: Mapping[str, ProbeKind]) -> Content:
    """Load shipped content and that of some site folders, cross-referenced.

    Raises ``ContentError`` with every problem of every file, sorted by place.
    """
    files = ContentFiles()
    files.add_shipped(shipped)
    for folder in extra:
        files.add_site(folder)
    loader = _Loader(kinds, files.problems)
    actions = loader.load_actions(files.actions)
    checks = loader.load_checks(files.checks, actions)
    baselines = loader.load_baselines(files.baselines, checks)
    frameworks = loader.load_frameworks(files.frameworks, checks)
    if loader.problems:
        raise ContentError(sorted(set(loader.problems)))
    return Content(
        checks=_sorted(checks),
        actions=_sorted(actions),
        baselines=_sorted(baselines),
        frameworks=_sorted(frameworks),
        recommended=_sorted(_recommend(frameworks)),
        digest=digest_data([*sorted(loader.digests)]),
    )


@dataclass(frozen=True, slots=True)
class _Loaded(Generic[_FormType]):
    """A file in its form, under inspection."""

    file: ContentFile
    form: _FormType
    inspection: Inspection
    digest: str


@dataclass(frozen=True, slots=True)
class _Loader:
    """Loads files of one sort after the other, and collects problems; ``broken`` are ids whose files had some."""

    kinds: Mapping[str, ProbeKind]
    problems: list[Problem]
    broken: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    digests: list[str] = field(default_factory=list)

    def load_actions(self, files: Iterable[ContentFile]) -> dict[str, Action]:
        """Return the actions of all files, by id."""
        actions: dict[str, Action] = {}
        for loaded in self._load(files, ActionsForm, "actions"):
            form, inspection = loaded.form, loaded.inspection
            inspect_actions(form, inspection)
            for index, action in enumerate(build_actions(form, inspection.document)):
                first = actions.setdefault(action.id, action)
                if first.place.file != action.place.file:
                    what = f'the action "{action.id}" already exists ({first.place})'
                    inspection.refuse(("actions", index, "id"), what, "use an id of your own")
            self.problems.extend(inspection.problems)
        return actions

    def load_checks(self, files: Iterable[ContentFile], actions: Mapping[str, Action]) -> dict[str, Check]:
        """Return the checks that have no problem, by id."""
        checks: dict[str, Check] = {}
        for loaded in self._load(self._distinct(files, "check"), CheckForm, "check"):
            file, form, inspection = loaded.file, loaded.form, loaded.inspection
            inspect_check(form, self.kinds, inspection, platform=file.platform, stem=file.stem)
            if not self.broken["actions"]:
                inspection.require_known(("action",), "action", form.action, actions)
            if inspection.problems:
                self.problems.extend(inspection.problems)
                self.broken["check"].add(file.stem)
            else:
                checks[form.id] = build_check(form, self.kinds, inspection.document, loaded.digest)
        return checks

    def load_baselines(self, files: Iterable[ContentFile], checks: Mapping[str, Check]) -> dict[str, Baseline]:
        """Return the baselines, by id, with what they extend worked in."""
        known = KnownChecks(checks, self.broken["check"])
        sources: dict[str, BaselineSource] = {}
        for loaded in self._load(self._distinct(files, "baseline"), BaselineForm, "baseline"):
            file, form, inspection = loaded.file, loaded.form, loaded.inspection
            source = BaselineSource(form=form, inspection=inspection, stem=file.stem)
            inspect_baseline(source, known)
            sources[file.stem] = source
        baselines = resolve_baselines(sources, self.broken["baseline"])
        for source in sources.values():
            self.problems.extend(source.inspection.problems)
        return baselines

    def load_frameworks(self, files: Iterable[ContentFile], checks: Mapping[str, Check]) -> dict[str, Framework]:
        """Return the frameworks, by id, with the checks of what they follow."""
        frameworks: dict[str, Framework] = {}
        sources: dict[str, FrameworkSource] = {}
        known = KnownChecks(checks, self.broken["check"])
        for loaded in self._load(self._distinct(files, "framework"), FrameworkForm, "framework"):
            file, form, inspection = loaded.file, loaded.form, loaded.inspection
            inspect_framework(form, known, inspection, stem=file.stem)
            sources[file.stem] = FrameworkSource(form, inspection)
            frameworks[file.stem] = build_framework(form, inspection.document)
        recommending = frameworks.get(RECOMMENDING)
        followed = {measure.id: measure for measure in recommending.measures} if recommending else {}
        for stem, source in sources.items():
            if RECOMMENDING not in self.broken["framework"]:
                inspect_follows(source, followed)
            self.problems.extend(source.inspection.problems)
            frameworks[stem] = follow(frameworks[stem], source, followed)
        return frameworks

    def _load(self, files: Iterable[ContentFile], form: type[_FormType], what: str) -> Iterator[_Loaded[_FormType]]:
        """Yield the files that have their form; problems of the others are noted."""
        for file in files:
            try:
                document = load_document(file.path, Dialect.CONTENT, file=file.name)
                filled = validate(form, document)
            except ContentError as error:
                self.problems.extend(error.problems)
                self.broken[what].add(file.stem)
            else:
                digest = digest_data(document.data)
                self.digests.append(digest)
                yield _Loaded(file, filled, Inspection(document), digest)

    def _distinct(self, files: Iterable[ContentFile], what: str) -> Iterator[ContentFile]:
        """Yield the files whose id was not seen before; the others are noted as problems."""
        first: dict[str, ContentFile] = {}
        for file in files:
            if file.stem in first:
                problem = f'the {what} "{file.stem}" already exists ({first[file.stem].name})'
                self.problems.append(Problem(Place(file.name), problem, "use an id of your own"))
            else:
                first[file.stem] = file
                yield file


def _sorted(values: Mapping[str, _Value]) -> dict[str, _Value]:
    return {name: values[name] for name in sorted(values)}


def _recommend(frameworks: Mapping[str, Framework]) -> dict[str, str]:
    """Return the first measure of each check in the framework that recommends."""
    recommended: dict[str, str] = {}
    if RECOMMENDING in frameworks:
        for measure in frameworks[RECOMMENDING].measures:
            for link in measure.checks:
                recommended.setdefault(link.check, measure.id)
    return recommended
