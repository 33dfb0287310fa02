"""The examples of docs/pipelines.md, by the words that stand behind ```yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import yaml

from tests.pipelines.runners import ROOT

PAGE: Final = ROOT / "docs/pipelines.md"


@cache
def load_examples() -> Mapping[str, Any]:
    """Return each example by its name."""
    blocks = re.findall(r"^```yaml (.+)\n((?:.*\n)*?)```$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: yaml.safe_load(text) for name, text in blocks}


def inputs_of(name: str) -> Mapping[str, str]:
    """Return what an example gives the action, or the component."""
    example = load_examples()[name]
    if "include" in example:
        (component,) = example["include"]
        return dict(component["inputs"])
    (job,) = example["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("uses", "").startswith("example/hardening@")]
    return dict(step["with"])
