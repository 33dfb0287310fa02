"""Proves that the benchmarks name parts of the code that exist; what they measure, no test asserts."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.parts import BATCHES, TIMED


@pytest.mark.parametrize(("module", "function"), TIMED.values())
def test_every_part_that_is_timed_exists(module: str, function: str) -> None:
    assert callable(getattr(importlib.import_module(module), function))


def test_the_batches_that_are_timed_exist() -> None:
    module, session, method = BATCHES
    assert callable(getattr(getattr(importlib.import_module(module), session), method))
