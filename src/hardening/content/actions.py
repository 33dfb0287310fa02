"""The file of actions: what an admin does once to close the gaps of several checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.check import Action

if TYPE_CHECKING:
    from hardening.content.forms.actions import ActionsForm
    from hardening.content.inspection import Inspection
    from hardening.documents.places import Document


def inspect_actions(form: ActionsForm, inspection: Inspection) -> None:
    """Note every problem of a file of actions."""
    entries = [(("actions", index, "id"), action.id) for index, action in enumerate(form.actions)]
    inspection.require_unique(entries, "the action")


def build_actions(form: ActionsForm, document: Document) -> tuple[Action, ...]:
    """Return the actions of a file that was inspected."""
    return tuple(
        Action(
            id=action.id,
            title=action.title.build(),
            effort=action.effort,
            how=action.how,
            place=document.place("actions", index),
        )
        for index, action in enumerate(form.actions)
    )
