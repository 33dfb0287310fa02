"""From a site's files to targets: credentials joined in, jump hosts followed, every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.text import find_shared
from hardening.documents.validate import validate
from hardening.documents.words import near_hint
from hardening.errors import ContentError, UsageError
from hardening.inventory.address import LDAP_PORTS, WINRM_PORTS, find_ldap_fault, find_winrm_fault
from hardening.inventory.membership import MOST_HINTS, Groups
from hardening.inventory.merge import Merged, Merger
from hardening.inventory.models import InventoryDocument, SiteDocument
from hardening.inventory.selector import Selector, parse_selector
from hardening.inventory.ssh_config import SshConfig, Surroundings
from hardening.inventory.ssh_route import MOST_JUMPS, NONE, Wanted, build_route, parse_jump, require_straight
from hardening.model.baseline import BaselineReference
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    ContainerProgram,
    Credential,
    Endpoint,
    HostKeys,
    ImageEndpoint,
    LdapAuthentication,
    LdapEndpoint,
    LdapSecurity,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    Target,
    WinRmAuthentication,
    WinRmBackend,
    WinRmEndpoint,
)
from hardening.model.texts import Language
from hardening.model.waiver import LONGEST_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.documents.places import Document, PathStep
    from hardening.inventory.models import (
        CredentialDocument,
        EstimateDocument,
        LdapDocument,
        SshDocument,
        TargetDocument,
        WinRmDocument,
    )
    from hardening.model.place import Place, Problem

_SHELLS = ("ssh", "winrm", "local", "chroot", "podman", "docker", "podman_image", "docker_image", "recorded")
# A jump host with one of these is no target's name.
_PLACES = frozenset("@:,")
RawValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRule:
    """Parameter values, still as text, for the targets that a selector chooses."""

    selector: Selector
    check: str
    values: Mapping[str, RawValue]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The effort and the cost that a site reckons for a measure or an action; what it does not say is absent."""

    name: str
    effort: int | Absent
    cost: int | Absent
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What `site.yaml` says; a language that it does not name is absent."""

    language: Language | Absent = ABSENT
    parameters: tuple[ParameterRule, ...] = ()
    name: str = ""
    marking: str = ""
    logo: Path | Absent = ABSENT
    measures: tuple[Estimate, ...] = ()
    actions: tuple[Estimate, ...] = ()
    longest_waiver_days: int = LONGEST_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The targets of a site, and their parameter values (still as text) by target name."""

    targets: tuple[Target, ...]
    parameters: tuple[tuple[str, ParameterRule], ...] = field(default=())


def load_inventory(path: Path, around: Surroundings) -> Inventory:
    """Return the targets of an inventory file; raises ``ContentError`` with every problem.

    ``around`` is what an ssh_config that it names is read with.
    """
    return load_merged(path, around).inventory


@dataclass(frozen=True, slots=True)
class MergedInventory:
    """An inventory as it was written and as it counts; ``merged`` and the targets have the order of the file."""

    document: Document
    form: InventoryDocument
    groups: Groups
    merged: tuple[Merged, ...]
    inventory: Inventory


def load_merged(path: Path, around: Surroundings) -> MergedInventory:
    """Return an inventory file with where each value of its targets came from; raises as ``load_inventory``."""
    require_unshared(path)
    document = load_document(path, Dialect.SITE)
    form = validate(InventoryDocument, document)
    joiner = _Joiner(document, form, around)
    return MergedInventory(document, form, joiner.merger.groups, joiner.merged, joiner.join())


def load_site_settings(path: Path) -> SiteSettings:
    """Return what a `site.yaml` says; raises ``ContentError`` with every problem."""
    require_unshared(path)
    document = load_document(path, Dialect.SITE)
    form = validate(SiteDocument, document)
    rules, problems = [], []
    for number, rule in enumerate(form.parameters):
        try:
            selector = parse_selector(rule.select)
        except UsageError as error:
            problems.append(document.problem(("parameters", number, "select"), str(error)))
            continue
        place = document.place("parameters", number)
        rules.append(ParameterRule(selector=selector, check=rule.check, values=_raw(rule.values), place=place))
    if problems:
        raise ContentError(problems)
    return SiteSettings(
        language=Language(form.language) if form.language else ABSENT,
        parameters=tuple(rules),
        name=form.name,
        marking=form.marking,
        logo=path.parent / form.logo if form.logo else ABSENT,
        measures=_build_estimates(document, "measures", form.measures),
        actions=_build_estimates(document, "actions", form.actions),
        longest_waiver_days=form.waivers.longest_days if form.waivers else LONGEST_DAYS,
    )


def _build_estimates(document: Document, key: str, forms: Mapping[str, EstimateDocument]) -> tuple[Estimate, ...]:
    return tuple(
        Estimate(
            name=name,
            effort=ABSENT if form.effort is None else form.effort,
            cost=ABSENT if form.cost is None else form.cost,
            place=document.place(key, name),
        )
        for name, form in forms.items()
    )


def require_unshared(path: Path) -> None:
    """Raise ``ContentError`` if others may write the file or its folder: whoever can, decides what runs where."""
    if path.exists():
        problems = find_shared([path, path.parent])
        if problems:
            raise ContentError(problems)


def _raw(values: Mapping[str, str | list[str]]) -> dict[str, RawValue]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


class _Joiner:
    """Turns the entries of one inventory into targets and collects what does not fit together."""

    def __init__(self, document: Document, form: InventoryDocument, around: Surroundings) -> None:
        self._document = document
        self._form = form
        self._folder = Path(document.file).parent
        self._problems: list[Problem] = []
        self.merger = Merger(document, form)
        self.merged = tuple(self.merger.merge(number, entry) for number, entry in enumerate(form.targets))
        self._numbers = {entry.name: number for number, entry in enumerate(form.targets)}
        self._around = around
        self._configs: dict[Path, SshConfig] = {}

    def join(self) -> Inventory:
        targets: list[Target] = []
        parameters: list[tuple[str, ParameterRule]] = []
        seen: set[str] = set()
        self._problems.extend(self.merger.problems)
        for number, merged in enumerate(self.merged):
            entry = merged.entry
            at: tuple[PathStep, ...] = ("targets", number)
            if entry.name in seen:
                self._refuse((*at, "name"), f"two targets are named {entry.name}", "rename one")
            seen.add(entry.name)
            place = self._document.place(*at)
            endpoints = self._endpoints(entry, at)
            if endpoints:
                targets.append(
                    Target(
                        name=entry.name,
                        endpoints=endpoints,
                        labels=dict(entry.labels),
                        groups=merged.groups,
                        baselines=tuple(BaselineReference.parse(text) for text in entry.baselines),
                        place=str(place),
                    )
                )
            parameters.extend((entry.name, rule) for rule in self._rules(merged, at))
        if self._problems:
            raise ContentError(list(dict.fromkeys(self._problems)))
        return Inventory(targets=tuple(targets), parameters=tuple(parameters))

    def _rules(self, merged: Merged, at: tuple[PathStep, ...]) -> Iterator[ParameterRule]:
        for check, values in merged.entry.parameters.items():
            by_place: dict[Place, dict[str, RawValue]] = {}
            for name, value in _raw(values).items():
                source = merged.inherited.get(("parameters", check, name))
                place = self._document.place(*(source.at[:-1] if source else (*at, "parameters", check)))
                by_place.setdefault(place, {})[name] = value
            for place, raw in by_place.items():
                yield ParameterRule(selector=(), check=check, values=raw, place=place)

    def _endpoints(self, entry: TargetDocument, at: tuple[PathStep, ...]) -> tuple[Endpoint, ...]:
        """Return the ways to a target: at most one to a shell, and one to a directory; none if they do not fit."""
        shells = [name for name in _SHELLS if getattr(entry, name) is not None]
        directory = [] if entry.ldap is None else [self._ldap(entry, entry.ldap, at)]
        if len(shells) > 1 or not (shells or directory):
            what = f"{entry.name} has {' and '.join(shells) or 'no endpoint'}"
            self._refuse(at, what, f"give it one of {', '.join(_SHELLS)}; ldap may stand beside it, or alone")
            return ()
        if isinstance(entry.recorded, list):
            return (*(RecordedEndpoint(self._path(file)) for file in entry.recorded), *directory)
        return (*([self._shell(entry, at)] if shells else []), *directory)

    def _ldap(self, entry: TargetDocument, ldap: LdapDocument, at: tuple[PathStep, ...]) -> LdapEndpoint:
        security = LdapSecurity(ldap.security)
        authentication = LdapAuthentication(ldap.auth)
        is_asked = authentication in {LdapAuthentication.SIMPLE, LdapAuthentication.EXTERNAL} or ldap.credential
        endpoint = LdapEndpoint(
            address=ldap.address,
            port=ldap.port or LDAP_PORTS[security],
            user=ldap.user,
            security=security,
            authentication=authentication,
            ca_file=self._path(ldap.ca_file) if ldap.ca_file else "",
            credential=self._credential(entry, "ldap", at) if is_asked else Credential(),
        )
        if fault := find_ldap_fault(endpoint):
            self._refuse((*at, "ldap"), *fault)
        return endpoint

    def _shell(self, entry: TargetDocument, at: tuple[PathStep, ...]) -> Endpoint:
        if entry.ssh is not None:
            return self._ssh(entry, entry.ssh, at, (entry.name,))
        if entry.winrm is not None:
            return self._winrm(entry, entry.winrm, at)
        if entry.local is not None:
            return LocalEndpoint(become=Become(entry.local.become), credential=self._credential(entry, "local", at))
        return self._read_word(entry)

    def _winrm(self, entry: TargetDocument, winrm: WinRmDocument, at: tuple[PathStep, ...]) -> WinRmEndpoint:
        tls = winrm.scheme == "https"
        endpoint = WinRmEndpoint(
            address=winrm.address,
            port=winrm.port or WINRM_PORTS[tls],
            path=winrm.path,
            tls=tls,
            user=winrm.user,
            authentication=WinRmAuthentication(winrm.auth),
            backend=WinRmBackend(winrm.backend),
            configuration=winrm.configuration,
            ca_file=self._path(winrm.ca_file) if winrm.ca_file else "",
            credential=self._credential(entry, "winrm", at),
        )
        if fault := find_winrm_fault(endpoint):
            self._refuse((*at, "winrm"), *fault)
        return endpoint

    def _read_word(self, entry: TargetDocument) -> Endpoint:
        """Return the endpoint of a target that stands on this machine."""
        for program, container, image in (
            (ContainerProgram.PODMAN, entry.podman, entry.podman_image),
            (ContainerProgram.DOCKER, entry.docker, entry.docker_image),
        ):
            if container is not None:
                return ContainerEndpoint(program=program, name=container.name, become=Become(container.become))
            if image is not None:
                return ImageEndpoint(program=program, reference=image)
        if entry.chroot is not None:
            return ChrootEndpoint(self._path(entry.chroot))
        return RecordedEndpoint(self._path(str(entry.recorded)))

    def _ssh(
        self, entry: TargetDocument, ssh: SshDocument, at: tuple[PathStep, ...], chain: tuple[str, ...]
    ) -> SshEndpoint:
        said = Wanted(
            address=ssh.address,
            known_hosts=self._path(ssh.known_hosts) if ssh.known_hosts else "",
            host_keys=HostKeys(ssh.host_keys),
            credential=self._credential(entry, "ssh", at),
            config=self._config(ssh.ssh_config or self._form.ssh_config),
        )
        wanted = replace(
            said,
            port=ssh.port or 0,
            user=ssh.user,
            jump=self._jump(ssh, said, at, chain),
            is_jump_said=bool(ssh.jump),
            become=Become(ssh.become),
        )
        try:
            return require_straight(build_route(wanted))
        except UsageError as error:
            self._refuse((*at, "ssh"), str(error))
        except ContentError as error:
            self._problems.extend(error.problems)
        return SshEndpoint(address=ssh.address)

    def _jump(
        self, ssh: SshDocument, said: Wanted, at: tuple[PathStep, ...], chain: tuple[str, ...]
    ) -> SshEndpoint | Absent:
        if not ssh.jump or ssh.jump == NONE:
            return ABSENT
        number = self._numbers.get(ssh.jump)
        entry = None if number is None else self.merged[number].entry
        if number is None or entry is None or entry.ssh is None:
            if not _PLACES.isdisjoint(ssh.jump):
                try:
                    return parse_jump(ssh.jump, said)
                except UsageError as error:
                    self._refuse((*at, "ssh", "jump"), str(error))
                except ContentError as error:
                    self._problems.extend(error.problems)
                return ABSENT
            hint = near_hint(ssh.jump, self._numbers) if len(self._problems) < MOST_HINTS else ""
            self._refuse(
                (*at, "ssh", "jump"), f"no target with ssh is named {ssh.jump}", hint or "or write USER@HOST:PORT"
            )
            return ABSENT
        first = ("targets", self._numbers[chain[0]], "ssh", "jump")
        if ssh.jump in chain:
            self._refuse(first, f"the jump hosts form a circle: {' → '.join((*chain, ssh.jump))}")
            return ABSENT
        if len(chain) > MOST_JUMPS:
            what = f"more than {MOST_JUMPS} jump hosts stand one behind another: {' → '.join(chain)}"
            self._refuse(first, what, "name one that is nearer")
            return ABSENT
        return self._ssh(entry, entry.ssh, ("targets", number), (*chain, ssh.jump))

    def _config(self, name: str | None) -> SshConfig | Absent:
        """Return an ssh_config file; one for all targets that name it, so that it is read and warned about once."""
        if name is None or name == NONE:
            return ABSENT
        path = Path(self._path(name))
        if path not in self._configs:
            self._configs[path] = SshConfig(path, self._around)
        return self._configs[path]

    def _credential(self, entry: TargetDocument, way: str, at: tuple[PathStep, ...]) -> Credential:
        """Return what proves us on a way to a target: its own credential, else that of the target."""
        own = getattr(entry, way).credential
        name = own or entry.credential
        if not name or name == NONE:
            return Credential()
        form = self._form.credentials.get(name)
        if form is None:
            hint = near_hint(name, self._form.credentials) if len(self._problems) < MOST_HINTS else ""
            path = (*at, way, "credential") if own else (*at, "credential")
            self._refuse(path, f'no credential is named "{name}"', hint or "add it under `credentials:`")
            return Credential()
        return self._read_credential(form)

    def _read_credential(self, form: CredentialDocument) -> Credential:
        return Credential(
            key=self._path(form.key) if form.key else "",
            certificate=self._path(form.certificate) if form.certificate else "",
            passphrase=self._reference(form.passphrase),
            password=self._reference(form.password),
            sudo_password=self._reference(form.sudo_password),
        )

    def _reference(self, reference: str | None) -> str:
        """Return a secret reference; the path in it counts from the inventory's folder."""
        scheme, _, path = (reference or "").partition(":")
        if scheme in {"file", "ansible-vault"}:
            return f"{scheme}:{self._path(path)}"
        return reference or ""

    def _path(self, text: str) -> str:
        return str(self._folder / Path(text).expanduser())

    def _refuse(self, path: tuple[PathStep, ...], what: str, remedy: str = "") -> None:
        """Add a problem with a value, where it stands: in the target's own entry, in a group or among the defaults."""
        _, number, *rest = path
        source = self.merged[int(number)].inherited.get(tuple(map(str, rest)))
        self._problems.append(self._document.problem(source.at if source else path, what, remedy))
