"""Generated files: `schemas/` and `docs/reference/`. Run as a module to write them, with `--check` to compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.reference import render_kinds, render_windows_defaults
from hardening.content.schemas import build_schemas
from hardening.content.shipped import find_shipped
from hardening.inventory.attestations import AttestationsDocument
from hardening.inventory.gate import GateDocument
from hardening.inventory.models import InventoryDocument, SiteDocument
from hardening.inventory.waivers import WaiversDocument
from hardening.probes import KINDS
from hardening.report.json_report import build_report_schema

if TYPE_CHECKING:
    from collections.abc import Mapping


def build_all_schemas() -> Mapping[str, object]:
    """Return every schema by its file name: of content, of site files and of the JSON report."""
    return {
        **build_schemas(kinds=KINDS),
        "inventory.schema.json": InventoryDocument.model_json_schema(),
        "site.schema.json": SiteDocument.model_json_schema(),
        "waivers.schema.json": WaiversDocument.model_json_schema(),
        "attestations.schema.json": AttestationsDocument.model_json_schema(),
        "gate.schema.json": GateDocument.model_json_schema(),
        "report.schema.json": build_report_schema(),
    }


def render_generated() -> dict[str, str]:
    """Return the text of every generated file, by its path in the checkout."""
    schemas = {
        f"schemas/{name}": json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, schema in build_all_schemas().items()
    }
    return {
        **schemas,
        "docs/reference/probe-kinds.md": render_kinds(),
        "docs/reference/windows-defaults.md": render_windows_defaults(),
    }


def write_generated(folder: Path, *, check: bool) -> tuple[str, ...]:
    """Write the generated files that differ, or with ``check`` only find them; return their paths."""
    different = []
    for name, text in render_generated().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            different.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return tuple(different)


if __name__ == "__main__":
    only_check = "--check" in sys.argv[1:]
    changed = write_generated(find_shipped(), check=only_check)
    for file in changed:
        sys.stdout.write(f"{file} {'is out of date; run `make schema`' if only_check else 'written'}\n")
    sys.exit(1 if changed and only_check else 0)
