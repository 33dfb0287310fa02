"""What changed from one scan to another: by target, check and record, so that a new record in an old gap is new.

What was examined with less than before is not comparable: it is never taken for unchanged or closed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from hardening.model.check import Outcome, Severity
from hardening.model.comparison import Change, ChangeKind, Standing, Standings, TargetStanding

_ORDER = {kind: place for place, kind in enumerate(ChangeKind)}


def compare(before: Standings, after: Standings) -> tuple[Change, ...]:
    """Return every change, gaps that opened first, the worst at the top."""
    return order_changes(change for name in {*before, *after} for change in _compare_target(name, before, after))


def order_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in the order in which they are told: gaps that opened first, the worst at the top."""
    return tuple(
        sorted(
            changes,
            key=lambda each: (
                _ORDER[each.kind], each.severity.rank, each.target, each.check, each.key, each.before, each.after,
            ),
        )
    )  # fmt: skip


def _compare_target(name: str, before: Standings, after: Standings) -> Iterator[Change]:
    if name not in after:
        yield Change(kind=ChangeKind.VANISHED, target=name)
    elif name not in before:
        yield from _new_target(after[name])
    else:
        yield from _same_target(before[name], after[name])


def _new_target(target: TargetStanding) -> Iterator[Change]:
    yield Change(kind=ChangeKind.APPEARED, target=target.name)
    for result in target.results.values():
        if result.is_gap:
            yield from _each(ChangeKind.OPENED, target.name, result, result.keys, before="")


def _same_target(before: TargetStanding, after: TargetStanding) -> Iterator[Change]:
    if before.reached and not after.reached:
        yield _lost(after.name, "reached", "not reached")
        return
    if before.root and not after.root:
        yield _lost(after.name, "root rights", "no root rights")
    for channel in sorted(before.channels - after.channels):
        yield _lost(after.name, f"endpoint {channel}", "no such endpoint, or no answer")
    old, new = _by_check(before), _by_check(after)
    for check in {*old, *new}:
        yield from _compare_check(after.name, old.get(check, {}), new.get(check, {}))


def _lost(target: str, before: str, after: str) -> Change:
    return Change(kind=ChangeKind.NOT_COMPARABLE, target=target, severity=Severity.CRITICAL, before=before, after=after)


def _by_check(target: TargetStanding) -> Mapping[str, dict[str, Standing]]:
    found: dict[str, dict[str, Standing]] = defaultdict(dict)
    for name, result in target.results.items():
        found[result.check][name] = result
    return found


def _compare_check(target: str, before: Mapping[str, Standing], after: Mapping[str, Standing]) -> Iterator[Change]:
    for name in {*before, *after}:
        old, new = before.get(name), after.get(name)
        if old and new and (old.version, old.parameters) == (new.version, new.parameters):
            yield from _compare_result(target, old, new)
        elif new and before:
            was = old or next(iter(before.values()))
            yield _one(ChangeKind.BY_CONTENT, target, new, before=was.words, after=new.words)
        elif new:
            yield _one(ChangeKind.APPEARED, target, new, after=new.words)
        elif old and not after:
            yield _one(ChangeKind.VANISHED, target, old, before=old.words)


def _compare_result(target: str, old: Standing, new: Standing) -> Iterator[Change]:
    if new.outcome is Outcome.ERROR:
        if old.outcome is not Outcome.ERROR:
            yield _one(ChangeKind.NOT_COMPARABLE, target, new, before=old.words, after=new.words)
    elif new.is_gap and old.is_gap:
        yield from _compare_gaps(target, old, new)
    elif new.is_gap:
        yield from _each(ChangeKind.OPENED, target, new, new.keys, before=old.words)
    elif old.is_gap:
        yield from _each(ChangeKind.CLOSED, target, new, old.keys, before=old.words)


def _compare_gaps(target: str, old: Standing, new: Standing) -> Iterator[Change]:
    opened = sorted((Counter(new.keys) - Counter(old.keys)).elements())
    closed = sorted((Counter(old.keys) - Counter(new.keys)).elements())
    if old.keys_omitted or new.keys_omitted:
        # Which records are left out says nothing of which are new: only their number can be told.
        counts = [f"{len(each.keys) + each.keys_omitted} records" for each in (old, new)]
        yield _one(ChangeKind.NOT_COMPARABLE, target, new, before=counts[0], after=counts[1])
        return
    if opened:
        yield from _each(ChangeKind.OPENED, target, new, tuple(opened), before="")
    if closed:
        yield from _each(ChangeKind.CLOSED, target, new, tuple(closed), before=old.words)
    if not opened and not closed and old.seen != new.seen:
        before, after = ("; ".join(sorted(set(a) - set(b))) for a, b in ((old.seen, new.seen), (new.seen, old.seen)))
        yield _one(ChangeKind.CHANGED_VALUE, target, new, before=before, after=after)


def _each(kind: ChangeKind, target: str, result: Standing, keys: tuple[str, ...], *, before: str) -> Iterator[Change]:
    for key in keys or ("",):
        yield _one(kind, target, result, key=key, before=before, after=result.words)


def _one(
    kind: ChangeKind, target: str, result: Standing, *, key: str = "", before: str = "", after: str = ""
) -> Change:
    return Change(
        kind=kind,
        target=target,
        check=result.check,
        key=key,
        severity=result.severity,
        before=before,
        after=after,
    )
