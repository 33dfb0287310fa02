"""What one visit of a target showed to whoever wants to know what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Absent, Unreadable

if TYPE_CHECKING:
    from hardening.errors import ConnectError
    from hardening.model.snapshot import Snapshot
    from hardening.model.target import Endpoint, Target
    from hardening.transports.session import Milestone, ShellWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What one visit of a target showed: how far it came, why it ended, and the snapshot.

    ``addresses`` are those of its name, as text, or why it has none. ``asked_password`` tells that sudo asked for one.
    ``other_backend_opens`` tells that WinRM refused a shell, and opened a PowerShell session instead.
    """

    target: Target
    addresses: tuple[str, ...] | Unreadable = ()
    milestones: frozenset[Milestone] = frozenset()
    failure: ConnectError | Absent = ABSENT
    shell: ShellWords | Absent = ABSENT
    snapshot: Snapshot
    asked_password: bool = False
    other_backend_opens: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """The one endpoint that was visited."""
        return self.target.endpoints[0]
