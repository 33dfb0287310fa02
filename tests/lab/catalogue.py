"""Which hosts the lab has, with which accounts: data only. What makes a host special stands in `layers/<layer>/`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from tests.lab.keys import STOCK_KINDS

PASSWORD: Final = "Sommer-2026!"
SUITE: Final = "bookworm"
STOCK: Final = "base"
LAYERS: Final = Path(__file__).with_name("layers")


class Sudo(Enum):
    """What sudo says to an account."""

    FREE = auto()
    PASSWORD = auto()
    PASSWORD_ON_TERMINAL = auto()
    LIMITED = auto()
    REFUSED = auto()
    MISSING = auto()


class Login(Enum):
    """How an account is opened."""

    KEY = auto()
    KEY_AND_PASSWORD = auto()
    ENCRYPTED_KEY = auto()
    PASSWORD = auto()
    EMPTY_PASSWORD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of a lab host; `password` is empty where it has none."""

    name: str
    login: Login = Login.KEY
    password: str = ""
    sudo: Sudo = Sudo.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """A host as it is to be started.

    `behind` names the host through which alone it can be reached; `suite` is the Debian release.
    With `is_disguised` it looks like no container, and its kernel shows the values of `layers/<layer>/proc.conf`.
    With `is_read_only` nothing outside `/var` and `/run` can be written, as on an appliance.
    """

    name: str
    number: int
    layer: str = STOCK
    suite: str = SUITE
    accounts: tuple[Account, ...]
    host_keys: tuple[str, ...] = STOCK_KINDS
    behind: str = ""
    key_changed: bool = False
    is_disguised: bool = False
    is_read_only: bool = False

    @property
    def tree(self) -> str:
        """Name what it is made from."""
        return self.layer if self.suite == SUITE else f"{self.layer} of {self.suite}"


AUDIT: Final = Account(name="audit", sudo=Sudo.FREE)

PLAIN_ACCOUNTS: Final = (
    AUDIT,
    Account(name="asks", password=PASSWORD, sudo=Sudo.PASSWORD),
    Account(name="nosudoers", password=PASSWORD),
    Account(name="tty", password=PASSWORD, sudo=Sudo.PASSWORD_ON_TERMINAL),
    Account(name="limited", password=PASSWORD, sudo=Sudo.LIMITED),
    Account(name="noisy", sudo=Sudo.FREE),
    Account(name="encrypted", login=Login.ENCRYPTED_KEY, sudo=Sudo.FREE),
    Account(name="pwonly", login=Login.PASSWORD, password=PASSWORD),
    Account(name="mustchange", password=PASSWORD),
    Account(name="nologin"),
)
WEAK_ACCOUNTS: Final = (
    AUDIT,
    Account(name="root", login=Login.PASSWORD, password="root", sudo=Sudo.FREE),
    Account(name="toor", login=Login.PASSWORD, password="toor", sudo=Sudo.FREE),
    Account(name="blank", login=Login.EMPTY_PASSWORD, sudo=Sudo.FREE),
)
HARDENED_ACCOUNTS: Final = (Account(name="audit", login=Login.KEY_AND_PASSWORD, password=PASSWORD, sudo=Sudo.PASSWORD),)
NOSUDO_ACCOUNTS: Final = (Account(name="audit", sudo=Sudo.MISSING),)

CATALOGUE: Final = {
    spec.name: spec
    for spec in (
        HostSpec(name="plain", number=1, layer="plain", accounts=PLAIN_ACCOUNTS),
        HostSpec(
            name="hardened",
            number=2,
            layer="hardened",
            accounts=HARDENED_ACCOUNTS,
            host_keys=("ed25519",),
            is_disguised=True,
        ),
        HostSpec(
            name="weak",
            number=3,
            layer="weak",
            accounts=WEAK_ACCOUNTS,
            host_keys=("ed25519", "rsa-1024"),
            is_disguised=True,
        ),
        HostSpec(name="nosudo", number=4, layer="nosudo", accounts=NOSUDO_ACCOUNTS),
        HostSpec(name="bastion", number=5, accounts=(AUDIT,)),
        HostSpec(name="inner", number=6, accounts=(AUDIT,), behind="bastion"),
        HostSpec(name="rekeyed", number=7, accounts=(AUDIT,), key_changed=True),
        HostSpec(name="hangs", number=8, layer="hangs", accounts=(AUDIT,)),
        HostSpec(name="closes", number=9, layer="closes", accounts=(AUDIT,)),
        HostSpec(
            name="shells",
            number=20,
            layer="shells",
            accounts=(Account(name="csh", sudo=Sudo.FREE), Account(name="fish", sudo=Sudo.FREE)),
        ),
        HostSpec(name="narrow", number=21, layer="narrow", accounts=(AUDIT,)),
        HostSpec(name="guarded", number=22, layer="guarded", accounts=(AUDIT,)),
        HostSpec(name="deep", number=23, accounts=(AUDIT,), behind="inner"),
        HostSpec(name="bullseye", number=24, suite="bullseye", accounts=(AUDIT,)),
        HostSpec(name="trixie", number=25, suite="trixie", accounts=(AUDIT,)),
        HostSpec(name="frozen", number=26, accounts=(AUDIT,), is_read_only=True),
        HostSpec(name="busybox", number=27, layer="busybox", accounts=(AUDIT,)),
        HostSpec(name="kit", number=40, accounts=(AUDIT,)),
        HostSpec(name="tls", number=41, layer="tls", accounts=(AUDIT,)),
    )
}


def jumps(name: str) -> tuple[str, ...]:
    """Name the hosts on the way to a host, the nearest to the tests first."""
    outer = CATALOGUE[name].behind
    return (*jumps(outer), outer) if outer else ()
