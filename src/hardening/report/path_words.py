"""The ways to the administrators of a directory in words that several formats share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent
from hardening.report.path_pictures import split_name

if TYPE_CHECKING:
    from hardening.report.paths import ControlPath, ControlPaths
    from hardening.report.wording import Wording


def count_paths(paths: ControlPaths, wording: Wording) -> str:
    """Return how many can become administrator, or how many of them were found where not everything was seen."""
    listed = len(paths.paths) + paths.omitted
    if not isinstance(paths.found, Absent):
        return wording.count("paths.found", paths.found) if paths.found else wording.text("paths.none")
    return wording.count("paths.listed", listed) if listed else ""


def tell_path(path: ControlPath, wording: Wording) -> str:
    """Return the steps of a way in one line: ``resets password of → Admin: is a member of → Domain Admins``."""
    return ": ".join(
        f"{wording.text(f'paths.edge.{step.edge}')} → {step.title or split_name(step.to)[0]}" for step in path.steps
    )


def tell_state(path: ControlPath, wording: Wording) -> str:
    """Return whether an account is in use: enabled or not and when it last logged on, or what it is instead."""
    if isinstance(path.enabled, Absent):
        return wording.text(f"paths.kind.{path.kind}")
    day = wording.text("paths.never") if isinstance(path.last_logon, Absent) else wording.date(path.last_logon)
    state = wording.text("paths.enabled" if path.enabled else "paths.disabled")
    return f"{state}, {wording.text('paths.logon').lower()}: {day}"


def list_searched(paths: ControlPaths, wording: Wording) -> str:
    """Return in one sentence which steps were searched for."""
    return wording.text("paths.searched", edges=", ".join(wording.text(f"paths.edge.{edge}") for edge in paths.edges))


def list_not_searched(paths: ControlPaths, wording: Wording) -> str:
    """Return in one sentence what else could lead to the administrators."""
    return wording.text(
        "paths.not_searched", what="; ".join(wording.text(f"paths.not.{name}") for name in paths.not_searched)
    )
