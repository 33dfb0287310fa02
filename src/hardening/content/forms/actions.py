"""The form of checks/actions.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hardening.content.forms.common import Effort, Id, TextsForm
from hardening.documents.validate import Form
from hardening.model.check import ActionMeans


class ActionForm(Form):
    """What an admin does once to close the gaps of several checks."""

    id: Id
    title: TextsForm
    effort: Effort
    how: ActionMeans


class ActionsForm(Form):
    """A file of actions."""

    actions: Annotated[list[ActionForm], Field(min_length=1)]
