"""A secret does not show itself."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from hardening.secrets import Secret

SECRET = Secret("Sommer-2026!")


@pytest.mark.parametrize("shown", [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r}", f"{[SECRET]}"])
def test_a_printed_secret_is_hidden(shown: str) -> None:
    assert "Sommer" not in shown


def test_a_secret_is_shown_on_request() -> None:
    assert SECRET.reveal() == "Sommer-2026!"


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(SECRET)


def test_a_secret_is_not_written_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"password": SECRET})


def test_a_secret_is_not_copied() -> None:
    with pytest.raises(TypeError, match="never serialised"):
        copy.copy(SECRET)


def test_equal_secrets_are_equal() -> None:
    assert Secret("å\udcff") == Secret("å\udcff")


def test_different_secrets_differ() -> None:
    assert Secret("a") != Secret("b")


def test_a_secret_is_not_its_text() -> None:
    assert Secret("a") != "a"


def test_equal_secrets_are_one_in_a_set() -> None:
    assert len({Secret("a"), Secret("a")}) == 1
