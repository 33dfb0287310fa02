"""Loading all content for a run: what is shipped, and what the site adds."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.errors import UsageError
from hardening.model.baseline import BaselineReference
from hardening.probes import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from hardening.model.content import Content


def load_all_content(site: Sequence[Path]) -> Content:
    """Return shipped and site content, cross-referenced; raises ``ContentError`` with every problem."""
    return load_content(find_shipped(), site, kinds=KINDS)


def parse_references(texts: Iterable[str], content: Content) -> tuple[BaselineReference, ...]:
    """Return the baselines that some texts name; raises ``UsageError`` for an unknown id or level."""
    references = []
    for text in texts:
        try:
            reference = BaselineReference.parse(text)
        except ValueError as error:
            msg = f"baseline {text}: no such level; use {text.partition(':')[0]}:basic or :extended"
            raise UsageError(msg) from error
        require_known(reference.id, content.baselines, "baseline", "hardening baselines list")
        references.append(reference)
    return tuple(dict.fromkeys(references))


def require_known(name: str, known: Mapping[str, object], what: str, listing: str) -> None:
    """Raise ``UsageError`` with the nearest name if ``name`` is not among ``known``."""
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"`{listing}` shows what there is"
    msg = f"no {what} {name!r}; {hint}"
    raise UsageError(msg)
