"""`gate.yaml`: the thresholds that a site holds its scans to, where the command line does not say otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.validate import Form, problem_error, validate
from hardening.inventory.load import require_unshared

if TYPE_CHECKING:
    from pathlib import Path

_HUNDRED = 100


def _require_percent(text: str) -> str:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text) or float(text) > _HUNDRED:
        what = f'"{text}" is no share in percent'
        raise problem_error(what, "write a number from 0 to 100, such as 92.5")
    return text


Percent = Annotated[
    str, AfterValidator(_require_percent), Field(json_schema_extra={"pattern": r"^\d{1,3}(\.\d{1,3})?$"})
]
Level = Literal["critical", "high", "medium", "low", "info", "never"]


class GateDocument(Form):
    """`gate.yaml`."""

    fail_on: Level | None = Field(None, description="exit 10 if a gap is at least this severe")
    min_compliance: Percent | None = Field(None, description="exit 10 below this; waived gaps count as met")
    min_coverage: Percent | None = Field(None, description="exit 3 below this")
    on_incomplete: Literal["fail", "warn"] | None = Field(None, description="warn lets an incomplete scan pass")


def load_gate(path: Path) -> GateDocument:
    """Return the thresholds in a file; raises ``ContentError`` with every problem."""
    require_unshared(path)
    return validate(GateDocument, load_document(path, Dialect.SITE))
