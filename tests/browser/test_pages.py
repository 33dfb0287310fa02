"""The pages in a browser: accessible in both schemes and languages, used by keyboard alone, asking for nothing."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Page

from hardening.model.texts import Language
from hardening.report.format import View
from tests.browser.conftest import Open
from tests.browser.packages import AXE_FILE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAMES = [
    *(f"{view}.{language}.html" for view, language in product(View, Language)),
    *(f"{language}/{name}.html" for language, name in product(Language, ("index", "target-web-01"))),
]
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    (each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 160)).slice(0, 4).join(" | ")}`)"""


def find_violations(page: Page) -> list[str]:
    page.evaluate(AXE_FILE.read_text("utf-8"))
    found: list[str] = page.evaluate(AXE)
    return found


def focused(page: Page) -> Any:
    return page.evaluate("() => [document.activeElement.tagName, document.activeElement.textContent.trim()]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_no_violation(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, color_scheme=scheme)
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    assert find_violations(page) == []


@pytest.mark.parametrize("name", ["actions.nb.html", "evidence.nb.html"])
def test_axe_finds_no_violation_on_a_narrow_screen(open_page: Open, name: str) -> None:
    page = open_page(name, viewport={"width": 360, "height": 740})

    assert find_violations(page) == []


def test_axe_would_find_a_violation(open_page: Open) -> None:
    page = open_page("summary.nb.html")
    page.evaluate("() => document.documentElement.removeAttribute('lang')")

    assert [each.partition(":")[0] for each in find_violations(page)] == ["html-has-lang"]


@pytest.mark.parametrize("name", NAMES)
def test_page_asks_for_nothing(open_page: Open, name: str) -> None:
    requests: list[str] = []
    page = open_page(name, requests)
    page.wait_for_load_state("networkidle")

    assert [url.rpartition("/")[2] for url in requests if not url.startswith("data:")] == [name.rpartition("/")[2]]


def test_policy_blocks_nothing_of_our_own(open_page: Open) -> None:
    messages: list[str] = []
    page = open_page("actions.nb.html")
    page.on("console", lambda message: messages.append(message.text))
    page.reload()

    assert messages == []


def test_first_tab_offers_to_skip_to_the_content(open_page: Open) -> None:
    page = open_page("evidence.nb.html")
    page.keyboard.press("Tab")
    assert focused(page) == ["A", "Hopp til innholdet"]
    page.keyboard.press("Enter")

    assert page.url.endswith("#main")


def test_every_control_is_reached_and_shows_its_focus(open_page: Open) -> None:
    page = open_page("actions.nb.html")
    wanted = page.evaluate(
        "() => [...document.querySelectorAll('a, button, input, summary, [tabindex=\"0\"]')]"
        ".filter((each) => each.checkVisibility()).length"
    )
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle"))
    page.keyboard.press("Tab")

    assert set(seen) == {"solid"}
    assert focused(page)[0] == "BODY"


def test_details_open_by_keyboard(open_page: Open) -> None:
    page = open_page("actions.nb.html")
    page.locator("details.as-table > summary").first.focus()
    page.keyboard.press("Enter")

    assert page.locator("details.as-table").first.get_attribute("open") is not None


def test_words_that_are_typed_find_measures(open_page: Open) -> None:
    page = open_page("actions.en.html")
    page.locator("[data-finder=work] input").focus()
    page.keyboard.type("avahi")

    assert page.locator(".card:visible").count() == 1
    assert page.locator("[data-finder=work] output").inner_text().startswith("1 of ")


def test_column_is_sorted_by_keyboard(open_page: Open) -> None:
    page = open_page("evidence.en.html")
    head = page.locator(".by-target thead button").nth(4)
    head.focus()
    page.keyboard.press("Enter")
    first = page.locator(".by-target tbody th").first.inner_text()
    page.keyboard.press("Enter")

    assert page.locator(".by-target [aria-sort]").get_attribute("aria-sort") == "ascending"
    assert first != page.locator(".by-target tbody th").first.inner_text()


def test_everything_is_there_without_scripts(open_page: Open) -> None:
    page = open_page("actions.en.html", java_script_enabled=False)

    assert page.locator(".card").count() == 10
    assert page.locator("input").count() == 0


def test_index_leads_to_each_target_and_back(open_page: Open) -> None:
    page = open_page("nb/index.html")
    page.get_by_role("link", name="web-01").click()
    assert "web-01" in page.locator("h1").inner_text()
    page.get_by_role("link", name="Tilbake til alle systemer").click()

    assert page.url.endswith("index.html")


def test_summary_prints_on_one_page(open_page: Open) -> None:
    page = open_page("summary.nb.html")

    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
