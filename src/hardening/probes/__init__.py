"""Kinds of questions, one module each; ``KINDS`` is the table of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.probes import (
    accounts,
    config_key,
    connection,
    file_list,
    file_status,
    packages,
    service,
    sshd,
    sysctl,
)

if TYPE_CHECKING:
    from hardening.probes.kind import ProbeKind

KINDS: dict[str, ProbeKind] = {
    kind.name: kind
    for kind in (
        accounts.KIND,
        config_key.KIND,
        connection.KIND,
        file_list.KIND,
        file_status.KIND,
        packages.KIND,
        service.KIND,
        sshd.KIND,
        sysctl.KIND,
    )
}
