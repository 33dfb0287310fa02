"""Resolved secrets stay out of everything that is written."""

from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.secrets import Redactor, Secret

PASSWORD = 'Sommer-2026! "x" å\\'


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.add(Secret(PASSWORD))
    return redactor


@pytest.fixture
def log(redactor: Redactor) -> tuple[logging.Logger, io.StringIO]:
    """Return a logger of its own and what it writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(redactor)
    logger = logging.Logger("test")  # noqa: LOG001 - a logger that no other test can see
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize(
    "shown",
    [PASSWORD, repr(PASSWORD), json.dumps(PASSWORD), quote(PASSWORD), f"ssh://audit:{quote(PASSWORD, safe='')}@h"],
)
def test_a_secret_is_replaced_however_it_is_written(redactor: Redactor, shown: str) -> None:
    assert "Sommer" not in redactor.redact(f"before {shown} after")


def test_the_text_around_a_secret_stays(redactor: Redactor) -> None:
    assert redactor.redact(f"before {PASSWORD} after") == "before [secret] after"


def test_without_secrets_text_stays() -> None:
    assert Redactor().redact("anything") == "anything"


def test_an_empty_secret_redacts_nothing() -> None:
    redactor = Redactor()
    redactor.add(Secret(""))
    assert redactor.redact("anything") == "anything"


def test_a_secret_within_a_longer_one_leaves_nothing_of_it() -> None:
    redactor = Redactor()
    redactor.add(Secret("Sommer"))
    redactor.add(Secret("Sommer-2026"))
    assert redactor.redact("it is Sommer-2026") == "it is [secret]"


@settings(max_examples=50, deadline=None)
@given(secrets=st.lists(st.text(min_size=1), min_size=1, max_size=4), around=st.text())
def test_no_secret_survives(secrets: list[str], around: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(Secret(secret))
    text = "".join(around + secret for secret in secrets)
    assert all(secret not in redactor.redact(text).replace("[secret]", "\n") for secret in secrets if secret != "\n")


def test_a_log_message_is_redacted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.warning("login with %s failed", PASSWORD)
    assert written.getvalue() == "login with [secret] failed\n"


def test_a_traceback_is_redacted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    try:
        int(PASSWORD)
    except ValueError:
        logger.exception("failed")
    assert "ValueError: invalid literal for int() with base 10: '[secret]'" in written.getvalue()
    assert "Sommer" not in written.getvalue()


def test_a_stack_is_redacted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    record = logger.makeRecord("test", logging.INFO, "file", 1, "here", (), None, sinfo=f"stack {PASSWORD}")
    logger.handle(record)
    assert "stack [secret]" in written.getvalue()


def test_a_message_that_does_not_fit_its_arguments_is_still_written(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.warning("login %s %s", PASSWORD)  # noqa: PLE1206 - that is the case
    assert written.getvalue() == "login %s %s\n"


def test_a_record_passes() -> None:
    record = logging.LogRecord("test", logging.INFO, "file", 1, "text", (), None)
    assert Redactor().filter(record)
