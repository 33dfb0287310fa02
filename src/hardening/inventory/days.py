"""Days as people write them in the files of a site: one form, and the days of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from hardening.documents.validate import problem_error


def _require_day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    what = f'"{text}" is no day'
    raise problem_error(what, "write it as 2026-12-31; days are those of UTC")


Day = Annotated[str, AfterValidator(_require_day), Field(json_schema_extra={"format": "date"})]


def parse_day(text: str) -> int:
    """Return the first second of a day, since 1970-01-01 UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
