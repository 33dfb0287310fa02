"""The lab's network: a namespace with a bridge, where the tests run, and one for each host. None has a way out."""

from __future__ import annotations

import ctypes
import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.commands import LabError, run

NAMESPACES: Final = Path("/run/netns")
BRIDGE: Final = "lab0"
GATEWAY: Final = "10.77.0.1"
PEERS: Final = "10.77.0.2"
NOBODY: Final = "10.77.9.9"
CLONE_NEWNET: Final = 0x40000000


@dataclass(frozen=True, slots=True)
class Network:
    """The network of one lab; its name is also the name of the namespace in which the tests run."""

    name: str

    def create(self) -> None:
        """Make the namespace and its bridge."""
        run("ip", "netns", "add", self.name)
        for command in (
            f"link add {BRIDGE} type bridge",
            f"address add {GATEWAY}/16 dev {BRIDGE}",
            f"address add {PEERS}/16 dev {BRIDGE}",
            f"address add fd77::1/64 dev {BRIDGE} nodad",
            f"link set {BRIDGE} up",
            "link set lo up",
        ):
            run("ip", "-netns", self.name, *command.split())

    def namespace(self, host: str) -> str:
        """Name the namespace of one host."""
        return f"{self.name}-{host}"

    def attach(self, host: str, number: int) -> None:
        """Make the namespace of a host and wire it to the bridge."""
        own = self.namespace(host)
        run("ip", "netns", "add", own)
        run("ip", "-netns", own, "link", "set", "lo", "up")
        self._wire(self.name, f"v-{host}", own, "eth0", (f"{address(number)}/16", f"{address6(number)}/64"))
        run("ip", "-netns", self.name, "link", "set", f"v-{host}", "master", BRIDGE, "up")

    def attach_behind(self, outer: str, host: str, number: int, depth: int) -> None:
        """Make the namespace of a host and wire it to the host `outer` alone, which has the first address there."""
        own = self.namespace(host)
        run("ip", "netns", "add", own)
        run("ip", "-netns", own, "link", "set", "lo", "up")
        self._wire(self.namespace(outer), f"v-{host}", own, "eth0", (f"{address_behind(number, depth)}/24",))
        run(
            "ip",
            "-netns",
            self.namespace(outer),
            "address",
            "add",
            f"{address_behind(1, depth)}/24",
            "dev",
            f"v-{host}",
        )
        run("ip", "-netns", self.namespace(outer), "link", "set", f"v-{host}", "up")

    def detach(self, host: str) -> None:
        """Remove the namespace of a host, and with it both ends of its wire."""
        if (NAMESPACES / self.namespace(host)).exists():
            run("ip", "netns", "delete", self.namespace(host))

    def destroy(self) -> None:
        """Remove every namespace of this lab."""
        for path in sorted(NAMESPACES.glob(f"{self.name}-*")) if NAMESPACES.exists() else []:
            self.detach(path.name.removeprefix(f"{self.name}-"))
        if (NAMESPACES / self.name).exists():
            run("ip", "netns", "delete", self.name)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread, and the processes and threads it starts, into the lab's namespace and back."""
        with _switched(NAMESPACES / self.name):
            yield

    def _wire(self, near: str, near_end: str, far: str, far_end: str, addresses: tuple[str, ...]) -> None:
        peer = ("type", "veth", "peer", "name", far_end, "netns", far)
        run("ip", "-netns", near, "link", "add", near_end, *peer)
        # A host that is booted again keeps its hardware address; whoever knew it would else miss it for a minute.
        run("ip", "-netns", far, "link", "set", far_end, "address", hardware_address(addresses[0].partition("/")[0]))
        for text in addresses:
            run("ip", "-netns", far, "address", "add", text, "dev", far_end, *(["nodad"] if ":" in text else []))
        run("ip", "-netns", far, "link", "set", far_end, "up")


def hardware_address(text: str) -> str:
    """Make the hardware address of the wire's end that has an IPv4 address."""
    return ":".join(f"{byte:02x}" for byte in (2, 0, *ipaddress.IPv4Address(text).packed))


def address(number: int) -> str:
    """Name the address of the host with this number on the bridge."""
    return f"10.77.1.{number}"


def address6(number: int) -> str:
    """Name the IPv6 address of the host with this number on the bridge."""
    return f"fd77::1:{number}"


def address_behind(number: int, depth: int) -> str:
    """Name the address of a host that hangs behind so many others, each behind the one before."""
    return f"10.{77 + depth}.0.{number}"


@contextmanager
def _switched(target: Path) -> Iterator[None]:
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        inside = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(inside)
        finally:
            os.close(inside)
        try:
            yield
        finally:
            _setns(before)
    finally:
        os.close(before)


def _setns(descriptor: int) -> None:
    """Call setns(2); the standard library has it from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        message = f"lab: cannot enter the network namespace: {os.strerror(ctypes.get_errno())}"
        raise LabError(message)
