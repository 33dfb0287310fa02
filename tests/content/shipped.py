"""The shipped content, loaded once for all tests that need it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.probes import KINDS

if TYPE_CHECKING:
    from hardening.model.content import Content


@cache
def load_shipped() -> Content:
    """Return what comes with the scanner."""
    return load_content(find_shipped(), kinds=KINDS)
