"""What `scan` and `collect` do alike: from options to targets with their baselines and parameters."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.assign import assign_baselines
from hardening.app.content import parse_references
from hardening.app.estimates import load_site_content
from hardening.app.parameters import SiteParameters
from hardening.app.site import Site, find_site
from hardening.app.targets import TargetRequest, choose_targets
from hardening.inventory.address import AddressOptions
from hardening.inventory.ssh_config import SshConfig, Surroundings
from hardening.inventory.ssh_route import NONE
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import Become, HostKeys, Target

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments, TargetArguments
    from hardening.model.content import Content


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything that is settled before a target is touched."""

    site: Site
    content: Content
    targets: tuple[Target, ...]
    parameters: SiteParameters


def read_targets(reach: TargetArguments, asked: ContentArguments) -> Reached:
    """Return the targets that the command line means; raises ``UsageError`` or ``ContentError``."""
    site = find_site(asked.site)
    content = load_site_content(site)
    around = look_around()
    references = parse_references(asked.baselines, content)
    chosen = choose_targets(
        TargetRequest(
            words=reach.targets,
            inventory=reach.inventory or ABSENT,
            selector=reach.selector,
            options=AddressOptions(
                user=reach.user,
                key=reach.key,
                known_hosts=reach.known_hosts,
                host_keys=HostKeys(reach.host_keys),
                ssh_config=_find_ssh_config(reach.ssh_config, around),
                jump=reach.jump,
                become=Become(reach.become) if reach.become else Become.NO,
                sudo_password=reach.sudo_password_from,
                password=reach.password_from,
                ca_file=reach.ca_file,
                authentication=reach.auth or "",
            ),
            around=around,
        ),
        site,
    )
    parameters = SiteParameters(site.settings.parameters, chosen.parameters, content)
    targets = assign_baselines(chosen.targets, references, content)
    return Reached(
        site,
        content,
        tuple(replace(target, parameters=parameters.target_values(target.name)) for target in targets),
        parameters,
    )


def look_around() -> Surroundings:
    """Return whose ssh_config would be read: home, name and environment of this account."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        user = ""
    return Surroundings(home=Path.home(), user=user, environ=os.environ)


def _find_ssh_config(named: str, around: Surroundings) -> SshConfig | Absent:
    """Return the ssh_config for addresses: the one named, else the user's own if there is one."""
    if named == NONE:
        return ABSENT
    path = Path(named).expanduser() if named else around.home / ".ssh" / "config"
    return SshConfig(path, around) if named or path.exists() else ABSENT
