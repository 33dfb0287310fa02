"""Names of our own in the place of names from a target: the same one each time, numbered in order of appearance.

A number tells nothing about the name; only the recording in which both stand together could, and that is not kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import defaultdict
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

_KEPT_NETWORKS = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),  # of documentation
    )
)
_OWN_NETWORKS = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15")
)

# Once the relays of 6to4, now nobody's, and global to whoever asks; the IPv6 one is made from it.
_PUBLIC_NETWORK = IPv4Network("192.88.99.0/24")
_PUBLIC_PREFIX6 = 0x2002_C058_6300 << 80
_ULA_PREFIX = 0xFD00 << 112
_LINK_PREFIX = 0xFE80 << 112
_LONGEST_KEPT_FIELD = 16
_KEPT_BYTES = 2


class Pseudonyms:
    """Pseudonyms of one recording. ``taken`` tells whether a word stands in it already."""

    def __init__(self, taken: str) -> None:
        self._taken = taken
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict)
        self._prefixes: dict[str, str] = {}

    def number(self, family: str, name: str) -> int:
        """Return the number of a name in its family, counted from 1."""
        numbers = self._numbers[family]
        return numbers.setdefault(name, len(numbers) + 1)

    def word(self, family: str, name: str) -> str:
        """Return ``<family><number>``, in a form that nothing in the recording has."""
        if family not in self._prefixes:
            self._prefixes[family] = next(
                prefix for prefix in (family, f"some{family}", f"x{family}x") if f"{prefix}1" not in self._taken
            )
        return f"{self._prefixes[family]}{self.number(family, name)}"

    def address(self, text: str) -> str:
        """Return an address of the same kind: private stays private, public stays public, a prefix keeps its length.

        Loopback, unspecified, multicast and link-local IPv4 addresses, masks and those of documentation stay.
        """
        bare, slash, length = text.partition("/")
        try:
            parsed = ip_address(bare)
        except ValueError:
            return text
        if isinstance(parsed, IPv6Address):
            return f"{self._address6(parsed)}{slash}{length}"
        return f"{self._address4(parsed, int(length) if length.isdigit() else 32)}{slash}{length}"

    def packed(self, data: bytes) -> bytes:
        """Return the bytes of an address as ``address`` changes it."""
        return ip_address(self.address(str(ip_address(data)))).packed

    def digits(self, family: str, text: str) -> str:
        """Return hexadecimal digits of the same length; what is no digit stays where it is."""
        fresh = iter(self._stream(family, text, len(text)).hex())
        return "".join(next(fresh) if character in "0123456789abcdefABCDEF" else character for character in text)

    def blob(self, text: str) -> str:
        """Return base64 of a key of the same type and size; text that is no such key keeps its length only."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            data = b""
        fresh = self._stream("blob", text, max(len(data), len(text)))
        encoded = base64.b64encode(_refill(data, fresh) if data else fresh).decode("ascii")
        return (encoded + "A" * len(text))[: len(text)] if not data else encoded[: len(text)]

    def _stream(self, family: str, name: str, size: int) -> bytes:
        number = self.number(family, name)
        return hashlib.shake_256(f"{family} {number}".encode()).digest(size)

    def _address4(self, address: IPv4Address, length: int) -> IPv4Address:
        if any(address in network for network in _KEPT_NETWORKS):
            return address
        own = next((network for network in _OWN_NETWORKS if address in network), _PUBLIC_NETWORK)
        host_bits = 32 - length
        if host_bits and not int(address) & ((1 << host_bits) - 1):
            if length <= own.prefixlen:
                return address
            count = 1 << (length - own.prefixlen)
            step = self.number(f"network {own}/{length}", str(address)) % count
            return own.network_address + (step << host_bits)
        return own.network_address + 1 + (self.number(f"address {own}", str(address)) - 1) % (own.num_addresses - 2)

    def _address6(self, address: IPv6Address) -> IPv6Address:
        if address.is_loopback or address.is_unspecified or address.is_multicast:
            return address
        if int(address) in {_LINK_PREFIX, _ULA_PREFIX} or not int(address) & ((1 << 64) - 1):
            return (
                address if address.is_link_local else IPv6Address(self._prefix6(address) + (self._nth(address) << 64))
            )
        return IPv6Address(self._prefix6(address) + self._nth(address))

    def _nth(self, address: IPv6Address) -> int:
        return self.number("address6", str(address))

    @staticmethod
    def _prefix6(address: IPv6Address) -> int:
        if address.is_link_local:
            return _LINK_PREFIX
        return _ULA_PREFIX if address.is_private else _PUBLIC_PREFIX6


def _refill(data: bytes, fresh: bytes) -> bytes:
    """Return the fields of a key as SSH writes them: short ones as they are, long ones with other bytes behind two."""
    result, at = b"", 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 4 + size]
        if len(body) != size:
            break
        if size > _LONGEST_KEPT_FIELD and not body.isascii():
            body = body[:_KEPT_BYTES] + fresh[at : at + size - _KEPT_BYTES]
        result += size.to_bytes(4, "big") + body
        at += 4 + size
    return result + fresh[at : len(data)]
