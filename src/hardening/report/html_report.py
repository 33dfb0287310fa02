"""The HTML report: files without requests, for screen, print and screen readers; a script only helps to find things."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from hardening.errors import UsageError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent
from hardening.report.format import OutputFile, RenderOptions, View
from hardening.report.path_pictures import PathPicture, build_path_picture
from hardening.report.path_words import count_paths, list_not_searched, list_searched
from hardening.report.paths import ControlPaths
from hardening.report.pictures import build_heat_map, build_severity_bars, build_spread, build_trend
from hardening.report.target_values import reasons_key
from hardening.report.values import Outlook
from hardening.report.views import (
    build_cards,
    count_attestations,
    describe_directories,
    describe_outlook,
    describe_trend,
    explain_no_work,
    group_measures,
    measure_label,
    tell_age,
    tell_past,
)
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2.runtime import Macro

    from hardening.report.target_values import ResultEntry, TargetReport
    from hardening.report.values import PrincipleLine, Report
    from hardening.report.wording import Wording

STYLE_SHEET = "report.css"
SCRIPT = "report.js"
INDEX = "index.html"
CHUNK_CHARACTERS = 64_000
LONGEST_MARKING = 200
ROOM = 30_000_000
"""Characters of rendered results that are kept for the next target; then all begins anew."""


@dataclass(frozen=True, slots=True)
class Page:
    """A template, and the sections that its list of contents leads to."""

    template: str
    sections: tuple[str, ...]


PAGES = {
    View.SUMMARY: Page("summary.html", ()),
    View.ACTIONS: Page(
        "actions.html", ("state", "trend", "pictures", "paths", "work", "unexamined", "attestations", "method")
    ),
    View.EVIDENCE: Page(
        "report.html",
        (
            *("state", "trend", "pictures", "paths", "first", "gaps", "waivers", "unexamined", "attestations"),
            *("controls", "measures", "targets", "method"),
        ),
    ),
}
INDEX_PAGE = Page(
    "index.html",
    ("state", "trend", "pictures", "paths", "waivers", "unexamined", "attestations", "controls", "measures", "method"),
)
TARGET_PAGE = Page("target.html", ("gaps", "targets"))


def render_html(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the file of a view; for evidence in many files an index and a file a target."""
    environment = open_environment(options.folder / "html", options.own)
    context = {**_build_context(report, options), **_digest_parts(environment, options.house.marking)}
    if options.view is not View.EVIDENCE or not options.many_files:
        page = PAGES[options.view]
        yield OutputFile("report.html", _encode(_generate(environment, page, context, report.targets)))
        return
    context = {**context, "links": "files"}
    yield OutputFile(INDEX, _encode(_generate(environment, INDEX_PAGE, context, ())))
    for target in report.targets:
        name = target_file(target.entry.name)
        yield OutputFile(name, _encode(_generate(environment, TARGET_PAGE, context, (target,))))


def target_file(name: str) -> str:
    """Return the file of a target in a folder of evidence: a plain name, whatever the target is called."""
    return f"target-{_anchor(name)}.html"


def _build_context(report: Report, options: RenderOptions) -> dict[str, object]:
    summary = report.summary
    cards = build_cards(summary)
    words = load_wording(options.folder, options.language, options.zone)
    return {
        "w": words,
        "language": options.language.value,
        "view": options.view.value,
        "house": options.house,
        "marking": options.house.marking,
        "links": "page" if options.view is View.EVIDENCE else "none",
        "outlook_words": (
            describe_outlook(summary, summary.outlook, words) if isinstance(summary.outlook, Outlook) else ""
        ),
        "summary": summary,
        "once": Once(),
        "trend_words": "" if isinstance(summary.trend, Absent) else describe_trend(summary.trend, words),
        "trend": ABSENT if isinstance(summary.trend, Absent) else build_trend(summary.trend),
        "past": tuple(tell_past(summary, words)),
        "ages": {gap.result: tell_age(gap, summary, words) for gap in summary.gaps},
        "attested": tuple(count_attestations(summary, words)),
        "directories": describe_directories(summary, words),
        "cards": cards,
        "no_work": explain_no_work(summary, words),
        "checks": {check.id: check for check in summary.checks},
        "principles": _examined(summary.principles),
        "measures": group_measures(summary),
        "severity_bars": build_severity_bars(cards),
        "spread": build_spread(cards),
        "heat_map": build_heat_map(summary),
        "control_paths": [_view_paths(paths, words) for paths in summary.control_paths],
    }


class Once:
    """Renders a macro about a result once for all targets on which it would come to the same.

    Servers are alike, so most results of a fleet are seen again and again. The macro must show nothing of the target,
    and what it is handed beside the result must be the same throughout a report or follow from the check.
    """

    def __init__(self) -> None:
        self._rendered: dict[tuple[object, ...], Markup] = {}
        self._room = ROOM

    def __call__(self, macro: Macro, words: Wording, result: ResultEntry, beside: object) -> Markup:
        """Return what the macro makes of the result."""
        key = (
            macro.name,
            result.check,
            result.check_version,
            result.severity,
            result.measures,
            result.outcome,
            result.note,
            result.waivers,
            repr(sorted(result.parameters.items())) if result.parameters else "",
            result.reasons_omitted,
            reasons_key(result.reasons),
        )
        if key not in self._rendered:
            rendered = Markup(macro(words, result, beside))  # noqa: S704 - made by a template that escapes
            if self._room < len(rendered):
                self._rendered.clear()
                self._room = ROOM
            self._room -= len(rendered)
            self._rendered[key] = rendered
        return self._rendered[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsView:
    """The ways to the administrators of one target, with their picture and what they come to in words."""

    paths: ControlPaths
    picture: PathPicture
    count: str
    searched: str
    not_searched: str


def _view_paths(paths: ControlPaths, words: Wording) -> PathsView:
    return PathsView(
        paths=paths,
        picture=build_path_picture(paths),
        count=count_paths(paths, words),
        searched=list_searched(paths, words),
        not_searched=list_not_searched(paths, words),
    )


def _generate(
    environment: ImmutableSandboxedEnvironment,
    page: Page,
    context: Mapping[str, object],
    targets: Iterable[TargetReport],
) -> Iterator[str]:
    template = environment.get_template(page.template)
    try:
        yield from template.generate(**context, sections=page.sections, targets=targets)
    except TemplateError as error:
        raise UsageError(_template_problem(page.template, error)) from error


def _digest_parts(environment: ImmutableSandboxedEnvironment, marking: str) -> dict[str, str]:
    """Return the digests that the policy of a page names: of its own style sheet and of its own script."""
    files = {"style_digest": STYLE_SHEET, "script_digest": SCRIPT}
    try:
        return {name: _digest(environment.get_template(file).render(marking=marking)) for name, file in files.items()}
    except TemplateError as error:
        raise UsageError(_template_problem("report.css", error)) from error


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which judges an attribute once for each type: its verdict depends on nothing else."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of Jinja2
        super().__init__(**options)
        self._verdicts: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Tell whether a template may read this attribute."""
        key = (type(obj), attr)
        if key not in self._verdicts:
            self._verdicts[key] = super().is_safe_attribute(obj, attr, value)
        return self._verdicts[key]


@cache
def open_environment(folder: Path, own: str = "") -> ImmutableSandboxedEnvironment:
    """Return the sandbox that templates run in: everything is escaped, a missing name is an error.

    Templates of the folder ``own`` come before those that are shipped. Compiling the templates takes longer than
    rendering them; a changed file is still read again.
    """
    environment = _Sandbox(
        loader=FileSystemLoader([own, folder] if own else folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = clean_line
    environment.filters["segments"] = split_code
    environment.filters["label"] = lambda measure: measure_label(*measure.split("/", 1))
    environment.filters["anchor"] = _anchor
    environment.filters["css"] = _css_text
    environment.filters["target_file"] = target_file
    environment.tests["present"] = lambda value: not isinstance(value, Absent)
    return environment


def load_templates(folder: Path, own: str = "") -> None:
    """Compile all templates below the folder of reports; raises ``UsageError`` for a site's own that is broken."""
    environment = open_environment(folder / "html", own)
    for name in environment.list_templates():
        if Path(name).suffix in {".html", ".css", ".js"}:
            try:
                environment.get_template(name)
            except (TemplateError, UnicodeDecodeError) as error:
                raise UsageError(_template_problem(name, error)) from error


def _template_problem(name: str, error: Exception) -> str:
    line = getattr(error, "lineno", None)
    where = f"{name}:{line}" if line else name
    return f"template {where}: {clean_line(str(error), 300)}; mend it, or take it out of the site's reports folder"


def _encode(pieces: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size > CHUNK_CHARACTERS:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _show(value: object) -> object:
    """Make what a browser would not show visible, in everything that a template puts out; line ends stay."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "\n".join(clean_line(line, len(line)) for line in value.split("\n"))


def split_code(text: str) -> tuple[tuple[bool, str], ...]:
    """Return the parts of a text with whether each is code: what stands between backticks."""
    return tuple((index % 2 == 1, part) for index, part in enumerate(text.split("`")) if part)


def _anchor(name: str) -> str:
    """Return an id for a link: letters and digits of the name, and a digest where that is not all of it."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", name)[:60]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _css_text(text: str) -> str:
    """Return a text as it may stand between quotes in a style sheet: letters, digits and numbered characters."""
    shown = clean_line(text, LONGEST_MARKING)
    return "".join(sign if sign.isascii() and sign.isalnum() else f"\\{ord(sign):06x}" for sign in shown)


def _examined(principles: Iterable[PrincipleLine]) -> tuple[PrincipleLine, ...]:
    return tuple(line for line in principles if line.counts.passed + line.counts.failed + line.counts.errors)
