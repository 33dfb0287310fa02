"""What can be seen of an SSH connection: offers, agreements, the host key, how we were let in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hardening.model.evidence import ABSENT, Absent, Evidence, Field, Known, Unreadable
from hardening.transports.session import build_connection

if TYPE_CHECKING:
    from hardening.transports.wire import WireTransport

_IMPLICIT_MAC = "implicit"
_EXCHANGE, _GREETING, _LOGIN = "SSH key exchange", "SSH greeting", "SSH login"


@dataclass(slots=True)
class Seen:
    """What is known of a connection beside its transport: whether we trust its host key for being new, and the login.

    ``is_new`` is absent while the key is not accepted; ``authentication`` is the method that let us in, or empty.
    """

    is_new: bool | Absent = ABSENT
    authentication: str = ""


def describe_connection(transport: WireTransport, known: Seen) -> Evidence:
    """Return what was seen of a connection so far: nothing at all if the server did not even greet."""
    if not transport.remote_version:
        return {}
    seen: dict[str, Field] = {
        "transport": Known("ssh"),
        "server_version": Known(transport.remote_version, _GREETING),
        **_offers(transport.offers),
    }
    if transport.initial_kex_done:
        seen |= _agreements(transport)
    if not isinstance(known.is_new, Absent):
        seen["host_key_accepted"] = Known(known.is_new, _EXCHANGE)
    if known.authentication:
        seen["authentication"] = Known(known.authentication, _LOGIN)
    return build_connection(seen, Unreadable("the connection ended before this was settled"))


def _offers(offers: dict[str, Any]) -> dict[str, Field]:
    if not offers:
        return {}

    def both_ways(kind: str) -> Field:
        union = dict.fromkeys([*offers[f"client_{kind}_algo_list"], *offers[f"server_{kind}_algo_list"]])
        return Known(tuple(union), _EXCHANGE)

    return {
        "kex_offered": Known(tuple(offers["kex_algo_list"]), _EXCHANGE),
        "host_key_algorithms_offered": Known(tuple(offers["server_key_algo_list"]), _EXCHANGE),
        "ciphers_offered": both_ways("encrypt"),
        "macs_offered": both_ways("mac"),
        "compressions_offered": both_ways("compress"),
    }


def _agreements(transport: WireTransport) -> dict[str, Field]:
    key = transport.shown_key
    kex = next((name for name in transport.preferred_kex if name in transport.offers["kex_algo_list"]), "")
    agreed = {
        "host_key_type": key.type,
        "host_key_fingerprint": key.fingerprint,
        "kex": kex,
        "host_key_algorithm": transport.host_key_type or "",
        "cipher_in": transport.remote_cipher,
        "cipher_out": transport.local_cipher,
        "mac_in": _mac(transport.remote_cipher, transport.remote_mac),
        "mac_out": _mac(transport.local_cipher, transport.local_mac),
    }
    return {
        "encrypted": Known(value=True, place=_EXCHANGE),
        **{name: Known(value, _EXCHANGE) for name, value in agreed.items()},
    }


def _mac(cipher: str, mac: str) -> str:
    """Return the MAC in use: ciphers that authenticate by themselves leave the negotiated one unused."""
    return _IMPLICIT_MAC if "gcm" in cipher or "poly1305" in cipher else mac
