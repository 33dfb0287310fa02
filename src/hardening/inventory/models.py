"""The files of a site as people write them: `inventory.yaml` and `site.yaml`, declared once for loading and schemas."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from hardening.documents.validate import Form, problem_error
from hardening.inventory.address import CONTAINER_NAME, IMAGE_REFERENCE
from hardening.secrets.reference import FORM, WAYS, is_reference

_BASELINE = r"[a-z0-9][a-z0-9-]*(:(basic|extended))?"


def _require_secret_reference(value: str) -> str:
    if not is_reference(value):
        # What stands here may be the secret itself, so it is not repeated.
        msg = "this is no reference to a secret"
        raise problem_error(msg, f"write {WAYS}")
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
    Field(description=WAYS, json_schema_extra={"pattern": f"^{FORM}$"}),
]
BaselineName = Annotated[
    str, AfterValidator(_require_baseline_name), Field(json_schema_extra={"pattern": f"^{_BASELINE}$"})
]
ContainerName = Annotated[str, StringConstraints(pattern=f"^{CONTAINER_NAME}$")]
ImageReference = Annotated[str, StringConstraints(pattern=f"^{IMAGE_REFERENCE}$")]
WinRmPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./-]*$")]
Port = Annotated[int, Field(ge=1, le=65_535)]


class CredentialDocument(Form):
    """How an account proves itself; secrets are named, never written."""

    key: Text | None = Field(None, description="path of a private key")
    certificate: Text | None = Field(None, description="certificate of the key [default: KEY-cert.pub beside it]")
    passphrase: SecretReference | None = Field(None, description="where the passphrase of the key is")
    password: SecretReference | None = Field(None, description="where the login password is")
    sudo_password: SecretReference | None = Field(None, description="where the password that sudo asks for is")


class SshSettings(Form):
    """How servers behind SSH are reached, wherever they are."""

    port: Port | None = Field(None, description="[default: that of ssh_config, else 22]")
    user: str = ""
    jump: Text | None = Field(None, description="another target's name, or USER@HOST:PORT,…; none for none at all")
    become: Literal["sudo", "kit", "no"] = "no"
    known_hosts: Text | None = Field(None, description="known_hosts file, from the inventory's folder")
    host_keys: Literal["known", "accept-new"] = Field("known", description="accept-new keeps the key of a new host")
    ssh_config: Text | None = Field(None, description="ssh_config file, from the inventory's folder, or none")
    credential: Text | None = None


class SshDocument(SshSettings):
    """A server behind SSH."""

    address: Text


class LocalDocument(Form):
    """The machine that the scanner runs on."""

    become: Literal["sudo", "kit", "no"] = "no"
    credential: Text | None = None


class ContainerDocument(Form):
    """A running container on this machine."""

    name: ContainerName
    become: Literal["sudo", "no"] = Field("no", description="sudo asks as the container's root")


class WinRmSettings(Form):
    """How Windows servers are reached, wherever they are."""

    scheme: Literal["https", "http"] = Field(
        "https", description="over http every message is encrypted by NTLM or Kerberos"
    )
    port: Port | None = Field(None, description="[default: 5986 for https, 5985 for http]")
    path: WinRmPath = Field("/wsman", description="where the service listens")
    user: str = Field("", description="EXAMPLE\\audit, audit@example.org or a local account")
    auth: Literal["ntlm", "kerberos", "certificate"] = Field(
        "ntlm", description="name and password, a Kerberos ticket that is there, or the credential's certificate"
    )
    backend: Literal["winrs", "psrp"] = Field(
        "winrs", description="a shell that starts PowerShell, or a PowerShell session (needs the extra `psrp`)"
    )
    configuration: str = Field("", description="with psrp: a session configuration, such as a JEA endpoint")
    ca_file: Text | None = Field(
        None, description="authorities to trust, from the inventory's folder [default: those of this machine]"
    )
    credential: Text | None = None


class WinRmDocument(WinRmSettings):
    """A Windows server behind WinRM."""

    address: Text


class LdapSettings(Form):
    """How directories are reached, wherever they are."""

    port: Port | None = Field(None, description="[default: 636 for ldaps, else 389]")
    user: str = Field("", description="audit@example.org, EXAMPLE\\audit or a distinguished name")
    security: Literal["ldaps", "starttls", "plain"] = Field(
        "ldaps", description="plain is not encrypted: nothing but what anybody may read is asked there"
    )
    ca_file: Text | None = Field(
        None, description="authorities to trust, from the inventory's folder [default: those of this machine]"
    )
    auth: Literal["simple", "external", "kerberos", "anonymous"] = Field(
        "simple", description="name and password, the credential's certificate, a Kerberos ticket, or nobody"
    )
    credential: Text | None = None


class LdapDocument(LdapSettings):
    """A directory: Active Directory or OpenLDAP."""

    address: Text


class SharedDocument(Form):
    """What targets have in common. The settings of a way to a target count for those that have such a way."""

    ssh: SshSettings | None = None
    winrm: WinRmSettings | None = None
    ldap: LdapSettings | None = None
    local: LocalDocument | None = None
    credential: Text | None = Field(None, description="name of a credential, or none")
    labels: dict[str, str] = Field(default_factory=dict)
    baselines: list[BaselineName] = Field(default_factory=list)
    parameters: dict[str, dict[str, str | list[str]]] = Field(
        default_factory=dict, description="check id, then parameter, then value"
    )


class GroupDocument(SharedDocument):
    """What the targets of a group have in common; a group that stands inside another one wins over it."""

    targets: list[Text] = Field(default_factory=list, description="names of targets")
    select: Text | None = Field(None, description="labels of targets, as zone=dmz,role!=db")
    groups: list[Text] = Field(default_factory=list, description="groups whose targets belong to this one as well")


class TargetDocument(Form):
    """One thing to assess."""

    name: Text
    ssh: SshDocument | None = None
    winrm: WinRmDocument | None = None
    ldap: LdapDocument | None = Field(None, description="a directory; may stand beside one of the others")
    local: LocalDocument | None = None
    chroot: Text | None = Field(None, description="folder of a root tree on this machine")
    podman: ContainerDocument | None = None
    docker: ContainerDocument | None = None
    podman_image: ImageReference | None = Field(None, description="image on this machine")
    docker_image: ImageReference | None = Field(None, description="image on this machine")
    recorded: Text | list[Text] | None = Field(
        None, description="file of a recording, or the files of a target that has several"
    )
    credential: Text | None = Field(None, description="name of a credential, or none")
    labels: dict[str, str] = Field(default_factory=dict)
    baselines: list[BaselineName] = Field(default_factory=list)
    parameters: dict[str, dict[str, str | list[str]]] = Field(
        default_factory=dict, description="check id, then parameter, then value"
    )


class InventoryDocument(Form):
    """`inventory.yaml`."""

    ssh_config: Text | None = Field(
        None, description="ssh_config file for all targets, from this folder [default: none]"
    )
    credentials: dict[str, CredentialDocument] = Field(default_factory=dict)
    defaults: SharedDocument | None = Field(None, description="what counts where no group and no target says it")
    groups: dict[str, GroupDocument] = Field(default_factory=dict)
    targets: list[TargetDocument] = Field(min_length=1)


class ParameterRuleDocument(Form):
    """Values of check parameters for the targets whose labels fit."""

    select: str = Field("", description="labels, as zone=dmz,role!=db; empty means all targets")
    check: Text
    values: dict[str, str | list[str]]


class EstimateDocument(Form):
    """What a site reckons for a measure or an action."""

    effort: Annotated[int, Field(ge=1, le=5)] | None = Field(None, description="1 (least) to 5")
    cost: Annotated[int, Field(ge=0)] | None = Field(None, description="whole kroner")


class WaiverPolicyDocument(Form):
    """What this site allows of waivers."""

    longest_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        365, description="a waiver that is meant to count for more days does not count"
    )


class SiteDocument(Form):
    """`site.yaml`."""

    language: Literal["nb", "nn", "en"] | None = None
    name: Annotated[str, StringConstraints(max_length=120)] = Field("", description="who the reports are of")
    marking: Annotated[str, StringConstraints(max_length=200)] = Field("", description="stands on every page and sheet")
    logo: Text | None = Field(None, description="PNG, JPEG or SVG file of at most 200 kB, from this folder")
    measures: dict[str, EstimateDocument] = Field(
        default_factory=dict, description="efforts and costs by measure: an id of NSM's, or FRAMEWORK/ID"
    )
    actions: dict[str, EstimateDocument] = Field(default_factory=dict, description="efforts and costs by action")
    parameters: list[ParameterRuleDocument] = Field(default_factory=list)
    waivers: WaiverPolicyDocument | None = None
