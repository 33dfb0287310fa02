"""Which language people are spoken to in: the option, else the site, else the locale, else bokmål."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hardening.model.texts import Language

if TYPE_CHECKING:
    from hardening.model.evidence import Absent


def choose_language(option: str | None, site: Language | Absent) -> Language:
    """Return the language of texts for people."""
    if option:
        return Language(option)
    if isinstance(site, Language):
        return site
    for name in ("LC_ALL", "LANG"):
        code = os.environ.get(name, "")[:2]
        if code == "no":
            return Language.NB
        if code in set(Language):
            return Language(code)
    return Language.NB
