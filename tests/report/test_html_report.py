"""The HTML report: self-contained, well-formed, accessible, and inert whatever a target says."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from hardening.model.content import Content
from hardening.model.evidence import Known, Unreadable
from hardening.model.judgement import TargetJudgement
from hardening.model.platform import OperatingSystem, Platform
from hardening.model.texts import Language, Texts
from hardening.report.format import House, RenderOptions, View
from hardening.report.html_report import open_environment, render_html, split_code, target_file
from tests.report.example import FRAMEWORK, build_content, build_example, build_judgements, without_gaps
from tests.report.rendering import FOLDER, SMALL, render, small_example

VOID = {"meta", "br", "img", "input"}
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
OUR_SCRIPT = (FOLDER / "html" / "report.js").read_text("utf-8").rstrip("\n")
DIGEST = re.compile(r"sha256-[^']+")


class Page(HTMLParser):
    """What a page consists of: its tags with their attributes, its text, and whether its tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and keep it open."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        """Gather text."""
        self.text += data

    def all(self, *names: str) -> list[dict[str, str]]:
        """Return the attributes of all tags with these names."""
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module", params=product(Language, View), ids="-".join)
def html(request: pytest.FixtureRequest) -> str:
    language, view = request.param
    return example_html(language, view)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@cache
def example_html(language: Language, view: View = View.EVIDENCE) -> str:
    return render(build_example(), "html", language, view).decode()


def hostile_html(value: str, view: View = View.EVIDENCE) -> str:
    """Return the page of a target that says the same thing everywhere it can say something, its own name too."""
    content = build_content(only=SMALL)
    report = build_example(hostile(value, content), content)
    return SCRIPT.sub("", render(report, "html", view=view, house=House(marking=value, name=value)).decode())


def hostile(value: str, content: Content) -> list[TargetJudgement]:
    first = build_judgements(content)[0]
    results = tuple(
        replace(
            result,
            note=value,
            reasons=(
                *(replace(reason, actual=Known(value, value), key=value) for reason in result.reasons),
                *(replace(reason, actual=Known((value,)), decisive=False) for reason in result.reasons),
                *(replace(reason, actual=Unreadable(value, value), decisive=False) for reason in result.reasons),
            ),
        )
        for result in first.results
    )
    system = OperatingSystem(family=value, distribution=value, version=value, title=value, kernel=value, hostname=value)
    endpoint = first.snapshot.endpoints[0]
    shown = {name: Known(value) for name in ("host_key_type", "host_key_fingerprint", "server_version")}
    snapshot = replace(
        first.snapshot,
        platform=Platform(system),
        endpoints=(replace(endpoint, connection=shown, address=value, failure=value, remedy=value),) * 2,
        privileges=replace(first.snapshot.privileges, user=value, refused=value, remedy=value),
        steps=(replace(first.snapshot.steps[0], name=value, problem=value),),
        labels={"exposure": "internal", value: value},
    )
    reached = replace(first.snapshot.endpoints[0], address=value)
    snapshot = replace(snapshot, endpoints=(*snapshot.endpoints, reached))
    return [replace(first, snapshot=snapshot, results=results, problems=(value,))]


@pytest.mark.parametrize("language", list(Language))
def test_small_report_is_as_before(language: Language, check_golden: Callable[[str, str], None]) -> None:
    html = render(small_example(), "html", language).decode()
    page = DIGEST.sub("sha256-…", STYLE.sub("<style>…</style>", SCRIPT.sub("<script>…</script>", html)))

    check_golden(f"report.{language}.html", page)


def test_every_tag_closes_in_order(page: Page) -> None:
    assert (page.wrong, page.open) == ([], [])


def test_language_is_declared() -> None:
    assert Page(example_html(Language.NB)).all("html") == [{"lang": "nb"}]


def test_page_runs_our_one_script(html: str, page: Page) -> None:
    assert (page.all("script"), SCRIPT.findall(html)) == ([{}], [OUR_SCRIPT])


def test_page_has_no_handler_and_no_inline_style(page: Page) -> None:
    names = {name for _, attributes in page.tags for name in attributes}

    assert {name for name in names if name.startswith("on") or name == "style"} == set()


def test_page_asks_for_nothing_outside(page: Page) -> None:
    loads = [value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href"}]

    assert [value for value in loads if not value.startswith("#")] == []


def test_style_sheet_loads_nothing() -> None:
    style = (FOLDER / "html" / "report.css").read_text("utf-8")

    assert re.findall(r"@import|url\((?!#)", style) == []


def test_content_policy_allows_the_one_style_sheet_and_the_one_script_only(html: str) -> None:
    digest = r"'sha256-[A-Za-z0-9+/]{43}='"
    policy = rf"default-src 'none'; style-src {digest}; script-src {digest}; base-uri 'none'; form-action 'none'"

    assert re.search(f'content="{policy}"', html)


def test_policy_has_the_digest_of_the_style_sheet_as_it_stands_in_the_page(html: str) -> None:
    style = STYLE.search(html)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group()[7:-8].encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in html


def test_every_link_leads_somewhere(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}

    assert {link["href"][1:] for link in page.all("a")} - ids == set()


def test_every_id_stands_once(page: Page) -> None:
    counts = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)

    assert [name for name, count in counts.items() if count > 1] == []


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]

    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_page_has_one_main_heading(page: Page) -> None:
    assert len(page.all("h1")) == 1


def test_page_has_its_landmarks(page: Page) -> None:
    assert [len(page.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]


def test_page_of_several_sections_has_a_list_of_contents() -> None:
    assert [len(Page(example_html(Language.EN, view)).all("nav")) for view in View] == [0, 1, 1]


def test_every_section_is_named_by_its_heading(page: Page) -> None:
    ids = {attributes.get("id") for attributes in page.all("h2")}

    assert {section.get("aria-labelledby") for section in page.all("section")} == ids


def test_every_table_header_has_its_scope(page: Page) -> None:
    assert {header.get("scope") for header in page.all("th")} <= {"row", "col"}


def test_every_picture_has_words_or_is_hidden(page: Page) -> None:
    assert [svg for svg in page.all("svg") if not svg.get("aria-label") and svg.get("aria-hidden") != "true"] == []


def test_every_key_of_the_texts_is_filled_in(html: str) -> None:
    assert re.findall(r"\{\w*\}", SCRIPT.sub("", STYLE.sub("", html))) == []


def test_norwegian_page_writes_numbers_and_dates_as_norwegian_does() -> None:
    text = Page(example_html(Language.NB)).text

    assert "57,9\u00a0%" in text
    assert "24.\u00a0november 2026 kl.\u00a009.15 (UTC)" in text


def test_english_phrase_in_a_norwegian_page_is_marked() -> None:
    html = example_html(Language.NB)

    assert '<span lang="en">sudo wants a password and none was given</span>' in html


def test_coverage_stands_beside_compliance(page: Page) -> None:
    assert re.search(r"57[.,]9.*51[.,]4", page.text, re.DOTALL)


def test_every_view_says_what_the_scan_says_nothing_about(page: Page) -> None:
    assert re.search("says nothing about other systems|(sier|seier) ingenting om andre system", page.text)


def test_every_view_says_how_many_controls_are_not_examined(page: Page) -> None:
    assert re.search("2 of 27 controls|2 av 27 krav", page.text)


def test_summary_names_at_most_five_measures() -> None:
    text = example_html(Language.EN, View.SUMMARY)

    assert text.count("<li><h3>") == 5


def test_actions_count_passes_and_do_not_list_them() -> None:
    html = example_html(Language.EN, View.ACTIONS)

    assert "Met 22" in Page(html).text
    assert 'class="result"' not in html


def test_action_says_how_much_it_closes_at_once() -> None:
    assert "One action closes 2 gaps on 2 targets" in Page(example_html(Language.EN, View.ACTIONS)).text


def test_result_lists_the_measures_of_other_frameworks() -> None:
    content = build_content(only=SMALL)
    other = replace(content.frameworks[FRAMEWORK], id="cis-8.1", title=Texts("CIS", "CIS"))
    report = build_example(content=replace(content, frameworks={**content.frameworks, "cis-8.1": other}))

    assert "Also speaks to: CIS 2.6.4" in Page(render(report, "html").decode()).text.replace("\n", " ")


def test_marking_stands_on_the_page_and_on_every_printed_page() -> None:
    html = render(small_example(), "html", house=House(marking='Skjermet § 24 "x"')).decode()

    assert html.count("Skjermet § 24") == 2
    assert '@top-center { content: "Skjermet\\000020\\0000a7\\00002024\\000020\\000022x\\000022"' in html


def test_logo_is_part_of_the_page() -> None:
    html = render(small_example(), "html", house=House(logo="data:image/png;base64,AAAA")).decode()

    assert "img-src data:;" in html
    assert Page(html).all("img") == [{"class": "logo", "src": "data:image/png;base64,AAAA", "alt": ""}]


def test_evidence_in_many_files_is_an_index_and_a_file_a_target() -> None:
    options = RenderOptions(language=Language.EN, folder=FOLDER, many_files=True)
    files = {each.name: b"".join(each.chunks).decode() for each in render_html(build_example(), options)}

    assert sorted(files) == ["index.html", "target-db-01.html", "target-fag-03.html", "target-web-01.html"]
    assert 'href="target-web-01.html"' in files["index.html"]
    assert "linux-perm-shadow" in files["target-web-01.html"]
    assert {(page.wrong == [], page.open == []) for page in map(Page, files.values())} == {(True, True)}


def test_file_of_a_target_has_a_plain_name_whatever_the_target_is_called() -> None:
    names = ["../../x", "index", "a/b", "a b", "CON", "..", "å"]
    files = [target_file(name) for name in names]

    assert len(set(files)) == len(files)
    assert all(re.fullmatch(r"target-[A-Za-z0-9-]*\.html", file) for file in files)


def test_what_was_not_examined_is_always_told() -> None:
    assert "0 of 0 controls are not examined by this scan." in Page(render(build_example([]), "html").decode()).text


def test_command_is_marked_as_code() -> None:
    html = example_html(Language.NB)

    assert '<code class="command">chmod 0640 /etc/shadow</code>' in html


def test_danger_stands_with_the_work() -> None:
    text = Page(example_html(Language.EN)).text

    assert "Mind: Make sure that another account can use sudo before you reload." in text


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "{{7*7}}"]
)
def test_hostile_markup_stays_text(value: str, view: View) -> None:
    page = Page(hostile_html(value, view))

    assert [page.all(tag) for tag in ("script", "img", "b")] == [[], [], []]
    assert value in page.text


def test_templates_in_values_are_not_rendered() -> None:
    assert "{{7*7}}" in Page(hostile_html("{{7*7}}")).text


@pytest.mark.parametrize(
    "value", ["a\x1b[2Jb", "a\x00b", "a\x9bb", "a\u202eb", "a\u2066b", "a\u200bb", "a\udc80b", "a\rb"]
)
def test_hostile_character_is_shown_as_its_escape(value: str) -> None:
    html = hostile_html(value)

    assert value[1] not in html
    assert f"a{value[1:-1].encode('unicode_escape').decode()}b" in html


def test_long_value_is_shortened_visibly() -> None:
    text = Page(hostile_html("x" * 1_000_000)).text

    assert "x" * 700 not in text
    assert "… (999,700 more characters)" in text


def test_report_with_long_values_stays_small() -> None:
    assert len(hostile_html("x" * 1_000_000)) < 1_000_000


def test_target_named_like_markup_has_a_plain_anchor() -> None:
    first = build_judgements(build_content())[0]
    named = [replace(first, snapshot=replace(first.snapshot, target='a"b/../c'), results=(), controls=())]
    page = Page(render(build_example(named), "html").decode())

    assert [each["id"] for each in page.all("article") if "id" in each] == ["target-a-b-c-b2c4989c"]


def test_report_without_gaps_says_so() -> None:
    text = Page(render(build_example([without_gaps()]), "html").decode()).text

    assert text.count("There are no gaps in what was examined.") == 2


def test_no_template_switches_escaping_off() -> None:
    templates = "".join(path.read_text("utf-8") for path in (FOLDER / "html").glob("*.html"))

    assert re.findall(r"\|\s*safe|autoescape|Markup", templates) == []


def test_missing_name_in_a_template_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.html").write_text("{{ nothing }}", "utf-8")

    with pytest.raises(jinja2.UndefinedError):
        open_environment(tmp_path).get_template("t.html").render()


@pytest.mark.parametrize("code", ["{{ ''.__class__.__mro__ }}", "{{ items.append(1) }}"])
def test_template_cannot_leave_its_sandbox(tmp_path: Path, code: str) -> None:
    (tmp_path / "t.html").write_text(code, "utf-8")

    with pytest.raises(SecurityError):
        open_environment(tmp_path).get_template("t.html").render(items=[])


def test_code_is_what_stands_between_backticks() -> None:
    assert split_code("Run `a b` and `c`.") == (
        (False, "Run "),
        (True, "a b"),
        (False, " and "),
        (True, "c"),
        (False, "."),
    )


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palettes() -> list[dict[str, str]]:
    style = (FOLDER / "html" / "report.css").read_text("utf-8")
    return [
        dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((text, ground) for text in ("ink", "quiet", "accent") for ground in ("ground", "paper", "sunk")),
        *((text, ground) for text in ("critical", "high", "medium", "low", "good") for ground in ("ground", "paper")),
        *((text, f"{text}-soft") for text in ("critical", "high", "medium", "low")),
        *((f"on-{level}", f"fill-{level}") for level in ("critical", "high", "medium", "low", "info")),
        *(("ink", f"heat-{shade}") for shade in (1, 2, 3)),
        ("on-high", "heat-4"),
        ("on-critical", "heat-5"),
        ("medium", "medium-soft"),
        ("accent-ink", "accent"),
        ("ink", "accent-soft"),
        ("ink", "critical-soft"),
        ("ink", "medium-soft"),
    ],
)
def test_text_stands_out_from_its_ground(scheme: int, text: str, ground: str) -> None:
    palette = palettes()[scheme]

    assert contrast(palette[text], palette[ground]) >= 4.5
