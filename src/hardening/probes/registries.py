"""Which registries containers-registries.conf(5) lets be used without TLS, in both of its versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SETTING = re.compile(r"\s*([a-z-]+)\s*=\s*(.*)")
_TEXT = re.compile(r"""["']([^"']*)["']""")
_V1 = "[registries.insecure]"


def find_insecure(files: Mapping[str, Sequence[tuple[int, str]]]) -> tuple[str, ...]:
    """Return the registries that are marked as insecure; lines are headers, and settings of the few keys asked for."""
    found: list[str] = []
    for name in sorted(files):
        header, where, is_insecure = "", "", False
        for _, line in (*sorted(files[name]), (0, "[")):
            setting = _SETTING.fullmatch(line)
            if setting is None:
                if is_insecure:
                    found.append(where or "every registry")
                header, where, is_insecure = line.strip(), "", False
            elif setting[1] == "registries" and header == _V1:
                found += _TEXT.findall(setting[2])
            elif setting[1] in {"location", "prefix"}:
                where = where or "".join(_TEXT.findall(setting[2])[:1])
            elif setting[1] == "insecure":
                is_insecure = setting[2].split("#")[0].strip() == "true"
    return tuple(dict.fromkeys(found))
