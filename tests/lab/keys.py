"""The lab's SSH keys: two of users (one with a passphrase), and those of every host. Made once, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cache import build_once
from tests.lab.commands import run

PASSPHRASE = "hemmelig"
BITS = {"ed25519": "256", "ecdsa": "256", "rsa": "3072", "rsa-1024": "1024"}
STOCK_KINDS = ("ed25519", "ecdsa", "rsa")


@dataclass(frozen=True, slots=True)
class Keys:
    """The folder of all keys; host keys appear in it when they are first asked for."""

    folder: Path

    @property
    def user(self) -> Path:
        """The private key that opens nearly every account."""
        return self.folder / "users" / "id_ed25519"

    @property
    def encrypted(self) -> Path:
        """The private key that needs the passphrase."""
        return self.folder / "users" / "id_ed25519_passphrase"

    def host(self, name: str, kinds: Sequence[str] = STOCK_KINDS) -> Path:
        """Name the folder with the `ssh_host_*_key` files of one host."""

        def build(folder: Path) -> None:
            for kind in kinds:
                algorithm = kind.partition("-")[0]
                _generate(folder / f"ssh_host_{algorithm}_key", algorithm, BITS[kind], "", comment=f"root@{name}")

        return build_once(self.folder / "hosts" / f"{name}.{'.'.join(kinds)}", build)


def load_keys(cache: Path) -> Keys:
    """Return the lab's keys, with the user keys made."""

    def build(folder: Path) -> None:
        _generate(folder / "id_ed25519", "ed25519", "256", "", comment="lab")
        _generate(folder / "id_ed25519_passphrase", "ed25519", "256", PASSPHRASE, comment="lab, with a passphrase")

    build_once(cache / "keys" / "users", build)
    return Keys(cache / "keys")


def public_text(private: Path) -> str:
    """Read the public half that lies beside a private key."""
    return private.with_name(f"{private.name}.pub").read_text().strip()


def known_hosts_lines(address: str, folder: Path) -> tuple[str, ...]:
    """Render the known_hosts lines of a host at port 22 with the keys in `folder`."""
    texts = [path.read_text().split() for path in sorted(folder.glob("ssh_host_*_key.pub"))]
    return tuple(f"{address} {text[0]} {text[1]}" for text in texts)


def _generate(path: Path, algorithm: str, bits: str, passphrase: str, *, comment: str) -> None:
    run("ssh-keygen", "-q", "-t", algorithm, "-b", bits, "-N", passphrase, "-C", comment, "-f", str(path))
