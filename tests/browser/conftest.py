"""A browser for all tests here, and pages of the example report in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hardening.model.texts import Language
from hardening.report.format import House, RenderOptions, View
from hardening.report.html_report import render_html
from hardening.report.values import Report
from tests.browser.packages import find_chromium
from tests.report.example import build_example_with_past
from tests.report.rendering import FOLDER
from tests.report.test_paths import found, way

Open = Callable[..., Page]
LOGO = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="


def build_whole_example() -> Report:
    """Return the example with earlier scans, and ways to the administrators of a directory beside it."""
    example = build_example_with_past()
    paths = (way("ola", "resets_password"), way("kari", "adds_members", "owns"), way("gammel", "owns", usable=False))
    return Report(replace(example.summary, control_paths=(found(*paths, omitted=2),)), example.targets)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write every view in every language, and a folder of evidence in each."""
    folder = tmp_path_factory.mktemp("pages")
    house = House(marking="Skjermet, jf. offentleglova § 24", name="Eksempel kommune", logo=LOGO)
    for language in Language:
        for view in View:
            options = RenderOptions(language=language, folder=FOLDER, view=view, house=house)
            (output,) = render_html(build_whole_example(), options)
            (folder / f"{view}.{language}.html").write_bytes(b"".join(output.chunks))
        many = folder / language
        many.mkdir()
        options = RenderOptions(language=language, folder=FOLDER, house=house, many_files=True)
        for output in render_html(build_whole_example(), options):
            (many / output.name).write_bytes(b"".join(output.chunks))
    return folder


@pytest.fixture
def open_page(browser: Browser, pages: Path) -> Iterator[Open]:
    """Return a function that opens a page, with the network shut; ``requests`` gathers what the page asked for."""
    opened = []

    def open_one(name: str, requests: list[str] | None = None, **settings: object) -> Page:
        context = browser.new_context(offline=True, **settings)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url) if requests is not None else None)
        page.goto((pages / name).as_uri())
        return page

    yield open_one
    for context in opened:
        context.close()
