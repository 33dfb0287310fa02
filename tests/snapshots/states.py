"""Snapshots made by hand, for tests of everything that stores or judges them."""

from __future__ import annotations

from hardening.model.baseline import BaselineReference, Level
from hardening.model.evidence import Absent, Known, Partial, Unreadable
from hardening.model.platform import OperatingSystem, Platform
from hardening.model.probe import Probe
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot, StepRecord

SHADOW = Probe.build("file_status", {"path": "/etc/shadow"})
KEYS = Probe.build("file_list", {"patterns": ("/etc/ssh/*_key", "/etc/ssl/private/*")})


def build_snapshot(target: str = "web-01") -> Snapshot:
    """Return a snapshot that has every form of field in it."""
    return Snapshot(
        target=target,
        platform=Platform(os=OperatingSystem(family="linux", distribution="debian", version="12", like=("debian",))),
        endpoints=(
            EndpointRecord(
                channel="ssh",
                address="ssh://audit@web-01:22",
                connection={"kex": Known("curve25519-sha256"), "macs_offered": Known(("a", "b"), "KEXINIT")},
                round_trips=7,
                channels=2,
                bytes_received=1234,
            ),
        ),
        privileges=Privileges(user="audit", uid=1001, root=True, become="sudo"),
        evidence={
            SHADOW: {
                "mode": Known("0640", "/etc/shadow"),
                "size": Known(812),
                "owner": Unreadable("refused", "/etc/shadow"),
                "group": Absent("/etc/shadow"),
            },
            KEYS: {"files": Partial(({"path": Known("/etc/ssh/x_key"), "size": Known(3)},), "a folder was refused")},
        },
        steps=(StepRecord(name="file_status", as_root=True, milliseconds=3, bytes=80, sha256="ab"),),
        time=1_767_225_600,
        duration_ms=412,
        target_time=1_767_225_602,
        plan_digest="d" * 64,
        tool_version="0.1.0",
        content_digest="c" * 64,
        labels={"zone": "dmz"},
        baselines=(BaselineReference("linux-server", Level.EXTENDED),),
        parameters={"linux-perm-shadow": {"allowed_groups": ("root",)}},
        place="inventory.yaml:3:5",
    )
