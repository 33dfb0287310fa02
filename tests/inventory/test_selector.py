"""Labels choose targets; a malformed selector says how it is written."""

from __future__ import annotations

import pytest

from hardening.errors import UsageError
from hardening.inventory.selector import is_selected, parse_selector


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("", True),
        ("zone=dmz", True),
        ("zone=lan", False),
        ("zone!=lan", True),
        ("zone=dmz,role=web", True),
        ("zone=dmz,role!=web", False),
        ("owner=x", False),
        ("owner!=x", True),
        (" zone = dmz , ", True),
    ],
)
def test_selector_holds_for_labels(selector: str, *, selected: bool) -> None:
    assert is_selected(parse_selector(selector), {"zone": "dmz", "role": "web"}) is selected


@pytest.mark.parametrize("text", ["zone", "=dmz", "zone=", "zone!=", "!=x"])
def test_malformed_selector_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="LABEL=VALUE"):
        parse_selector(text)
