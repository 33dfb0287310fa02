"""Changes between two scans as lines; every line begins with a sign of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.comparison import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.model.comparison import Change
    from hardening.report.wording import Wording

_LONGEST = 400
_SIGNS = {
    ChangeKind.OPENED: "+",
    ChangeKind.CLOSED: "-",
    ChangeKind.CHANGED_VALUE: "~",
    ChangeKind.APPEARED: ">",
    ChangeKind.VANISHED: "<",
    ChangeKind.BY_CONTENT: "*",
    ChangeKind.NOT_COMPARABLE: "?",
}


def tell_changes(changes: Sequence[Change], wording: Wording, *, most: int = 0) -> Iterator[str]:
    """Yield a heading and the changes of each kind; ``most`` limits the lines of one kind, 0 does not."""
    for kind in ChangeKind:
        found = [change for change in changes if change.kind is kind]
        if not found:
            continue
        yield ""
        yield f"{wording.text(f'change.{kind}')}: {wording.integer(len(found))}"
        for change in found[: most or None]:
            yield f"  {_SIGNS[kind]} {clean_line(_tell(change, wording), _LONGEST)}"
        if most and len(found) > most:
            yield f"  {wording.text('value.more', n=len(found) - most)}"


def _tell(change: Change, wording: Wording) -> str:
    what = f"{change.target}: {change.check}" if change.check else change.target
    key = f" [{change.key}]" if change.key else ""
    severity = f" ({wording.text(f'severity.{change.severity}').lower()})" if change.check else ""
    between = " → ".join(part for part in (change.before, change.after) if part)
    return f"{what}{key}{severity}{f': {between}' if between else ''}"
