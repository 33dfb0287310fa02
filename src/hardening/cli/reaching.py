"""What `scan` and `collect` do alike: from options to targets with their baselines and parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.app.assign import assign_baselines
from hardening.app.content import load_all_content, parse_references
from hardening.app.parameters import SiteParameters
from hardening.app.site import Site, find_site
from hardening.app.targets import TargetRequest, choose_targets
from hardening.inventory.address import AddressOptions
from hardening.model.evidence import ABSENT
from hardening.model.target import Become, Target

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
    content = load_all_content(site.content_folders)
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
                jump=reach.jump,
                become=Become(reach.become) if reach.become else Become.NO,
                sudo_password=reach.sudo_password_from,
                password=reach.password_from,
            ),
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
