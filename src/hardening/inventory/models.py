"""The files of a site as people write them: `inventory.yaml` and `site.yaml`, declared once for loading and schemas."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from hardening.documents.validate import Form, problem_error

_REFERENCE = r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|prompt:.*)"
_BASELINE = r"[a-z0-9][a-z0-9-]*(:(basic|extended))?"


def _require_secret_reference(value: str) -> str:
    if not re.fullmatch(_REFERENCE, value):
        # What stands here may be the secret itself, so it is not repeated.
        msg = "this is no reference to a secret"
        raise problem_error(msg, "write env:NAME, file:PATH or prompt:")
    return value


def _require_baseline_name(value: str) -> str:
    if not re.fullmatch(_BASELINE, value):
        msg = f"{value} is no baseline"
        raise problem_error(msg, "write its id, with :basic or :extended after it if you like")
    return value


Text = Annotated[str, StringConstraints(min_length=1)]
SecretReference = Annotated[
    str,
    AfterValidator(_require_secret_reference),
    Field(description="env:NAME, file:PATH or prompt:", json_schema_extra={"pattern": f"^{_REFERENCE}$"}),
]
BaselineName = Annotated[
    str, AfterValidator(_require_baseline_name), Field(json_schema_extra={"pattern": f"^{_BASELINE}$"})
]
Port = Annotated[int, Field(ge=1, le=65_535)]


class CredentialDocument(Form):
    """How an account proves itself; secrets are named, never written."""

    key: Text | None = Field(None, description="path of a private key")
    passphrase: SecretReference | None = Field(None, description="where the passphrase of the key is")
    password: SecretReference | None = Field(None, description="where the login password is")
    sudo_password: SecretReference | None = Field(None, description="where the password that sudo asks for is")


class SshDocument(Form):
    """A server behind SSH."""

    address: Text
    port: Port = 22
    user: str = ""
    jump: Text | None = Field(None, description="another target's name, or USER@HOST:PORT")
    become: Literal["sudo", "no"] = "no"
    known_hosts: Text | None = Field(None, description="known_hosts file, from the inventory's folder")
    credential: Text | None = None


class LocalDocument(Form):
    """The machine that the scanner runs on."""

    become: Literal["sudo", "no"] = "no"
    credential: Text | None = None


class TargetDocument(Form):
    """One thing to assess."""

    name: Text
    ssh: SshDocument | None = None
    local: LocalDocument | None = None
    recorded: Text | None = Field(None, description="file of a recording")
    credential: Text | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    baselines: list[BaselineName] = Field(default_factory=list)
    parameters: dict[str, dict[str, str | list[str]]] = Field(
        default_factory=dict, description="check id, then parameter, then value"
    )


class InventoryDocument(Form):
    """`inventory.yaml`."""

    credentials: dict[str, CredentialDocument] = Field(default_factory=dict)
    targets: list[TargetDocument] = Field(min_length=1)


class ParameterRuleDocument(Form):
    """Values of check parameters for the targets whose labels fit."""

    select: str = Field("", description="labels, as zone=dmz,role!=db; empty means all targets")
    check: Text
    values: dict[str, str | list[str]]


class SiteDocument(Form):
    """`site.yaml`."""

    language: Literal["nb", "en"] | None = None
    parameters: list[ParameterRuleDocument] = Field(default_factory=list)
