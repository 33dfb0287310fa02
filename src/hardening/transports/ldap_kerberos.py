"""Logging in to a directory by Kerberos (SASL GSSAPI, RFC 4752), with a ticket that is there: no password is asked for.

The login is bound to its TLS connection (RFC 5929, tls-server-end-point), which protects everything after it: ldap3
cannot sign messages itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from ldap3.protocol.sasl.sasl import send_sasl_negotiation

from hardening.errors import ConnectError
from hardening.model.clean import clean_line

if TYPE_CHECKING:
    import ssl

_IN_PROGRESS, _OPERATIONS_ERROR = 14, 1
_NO_LAYER = 0x01
_LAYERS_LENGTH = 4
_MOST_TURNS = 10
_WEAK_HASHES = frozenset({"md5", "sha1"})


def log_in(ldap: ldap3.Connection, host: str, user: str, tls: ssl.SSLSocket) -> tuple[int, str]:
    """Log in once and return the result code and message.

    ``host`` is whose service the ticket is for; ``user`` names the account of the ticket, empty for that of the cache.
    Raises ``ConnectError``, and what ldap3 raises.
    """
    try:
        # Imported here: an extra that few need.
        import gssapi  # noqa: PLC0415
        from gssapi.exceptions import GSSError  # noqa: PLC0415
    except ImportError as error:
        msg = "the extra for Kerberos is not installed"
        remedy = "run pip install 'hardening[kerberos]'; it is built with gcc and the headers of libkrb5"
        raise ConnectError(msg, remedy) from error
    ldap.authentication, ldap.sasl_mechanism = ldap3.SASL, "GSSAPI"
    ldap.sasl_in_progress = True
    try:
        context = gssapi.SecurityContext(
            name=gssapi.Name(f"ldap@{host}", gssapi.NameType.hostbased_service),
            creds=_choose_credentials(gssapi, user),
            mech=gssapi.MechType.kerberos,
            flags=[gssapi.RequirementFlag.mutual_authentication, gssapi.RequirementFlag.out_of_sequence_detection],
            channel_bindings=gssapi.raw.ChannelBindings(application_data=_bind_to(tls)),
            usage="initiate",
        )
        return _exchange(ldap, context)
    except GSSError as error:
        raise ConnectError(*describe_failure(type(error).__name__, str(error))) from error
    finally:
        ldap.sasl_in_progress = False


def _choose_credentials(gssapi: Any, user: str) -> Any:  # noqa: ANN401 - the extra's own types
    if not user:
        return None
    name = gssapi.Name(user, gssapi.NameType.kerberos_principal)
    return gssapi.Credentials(name=name, usage="initiate")


def _bind_to(tls: ssl.SSLSocket) -> bytes:
    """Return what binds a login to the server's certificate, RFC 5929 section 4.1."""
    shown = tls.getpeercert(binary_form=True) or b""
    algorithm = x509.load_der_x509_certificate(shown).signature_hash_algorithm
    if algorithm is None or algorithm.name in _WEAK_HASHES:
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(shown)
    return b"tls-server-end-point:" + digest.finalize()


def _exchange(ldap: ldap3.Connection, context: Any) -> tuple[int, str]:  # noqa: ANN401 - the extra's own type
    token: bytes | None = None
    for _ in range(_MOST_TURNS):
        result = _send(ldap, context.step(token) or b"")
        if result["result"] != _IN_PROGRESS:
            return _read(result)
        token = result["saslCreds"] or b""
        if context.complete:
            return _choose_layer(ldap, context, token)
    return _OPERATIONS_ERROR, "the login did not come to its end"


def _choose_layer(ldap: ldap3.Connection, context: Any, token: bytes) -> tuple[int, str]:  # noqa: ANN401 - as above
    """Answer which layer of security follows: none, because TLS is one."""
    offered = context.unwrap(token).message
    if len(offered) != _LAYERS_LENGTH or not offered[0] & _NO_LAYER:
        reason = "the server demands that each message after the login is signed, though TLS protects it"
        raise ConnectError(reason, "let the server take SASL over TLS without signing, or use auth: simple")
    return _read(_send(ldap, context.wrap(bytes([_NO_LAYER, 0, 0, 0]), encrypt=False).message))


def _send(ldap: ldap3.Connection, token: bytes) -> Any:  # noqa: ANN401 - as ldap3 gives it
    return send_sasl_negotiation(ldap, None, token)  # type: ignore[no-untyped-call]


def _read(result: Any) -> tuple[int, str]:  # noqa: ANN401 - as ldap3 gives it
    code = int(result["result"])
    if code == _IN_PROGRESS:
        return _OPERATIONS_ERROR, "the server did not end the login"
    return code, str(result["message"])


_KINIT = "get a ticket first (kinit audit@EXAMPLE.ORG), or name its cache in KRB5CCNAME"
_FAILURES = {
    "MissingCredentialsError": ("there is no ticket", _KINIT),
    "ExpiredCredentialsError": ("the ticket has expired", _KINIT),
    "BadChannelBindingsError": ("the binding to the TLS connection was refused", "check what stands in between"),
}
_WORDS = {
    "not found in kerberos database": (
        "the domain knows no service of this name",
        "connect by the host name that the domain controller is known by, not by an address or another name",
    ),
    "clock skew": ("the clocks differ too much for Kerberos", "set both clocks by the same time servers"),
    "no kerberos credentials available": ("there is no ticket", _KINIT),
    "cannot contact any kdc": ("no domain controller answers for Kerberos", "check krb5.conf, DNS and port 88"),
    "cannot find kdc": ("no domain controller is known for the realm", "check krb5.conf and DNS"),
    "ticket expired": ("the ticket has expired", _KINIT),
}


def describe_failure(kind: str, words: str) -> tuple[str, str]:
    """Return reason and remedy for what the Kerberos library says, which has a class or words for it."""
    found = next((told for sign, told in _WORDS.items() if sign in words.lower()), None)
    reason, remedy = found or _FAILURES.get(kind, ("Kerberos failed", "look into the log of the domain controller"))
    return f"{reason} ({clean_line(words, 200)})", remedy
