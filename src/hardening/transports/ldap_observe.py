"""What a directory does on a connection of its own that nobody logs in over: TLS versions, logins not bound to TLS."""

from __future__ import annotations

import contextlib
import ssl
import warnings
from typing import TYPE_CHECKING, Any

import ldap3
from ldap3.operation.bind import bind_operation

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import Known
from hardening.model.step import LdapAnswer, NotRun, TlsVersion
from hardening.model.target import LdapEndpoint, LdapSecurity
from hardening.transports.ldap_connection import LdapConnection
from hardening.transports.ldap_errors import LIBRARY_ERRORS, find_translation
from hardening.transports.ldap_tls import build_trusting_context
from hardening.transports.ntlm import MadeUpLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.transports.session import Opening

Observed = tuple[LdapAnswer | NotRun, tuple[LdapConnection, ...]]
"""What was seen, and the connections that it cost; they are closed."""

AGREED, NOT_AGREED = 0, 91
_VERSIONS = {
    TlsVersion.TLS_1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}
# Old versions need hashes that OpenSSL gives up above level 0; nothing is ever sent over such a connection.
_EVERY_CIPHER = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_OURS = frozenset(
    {"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "LIBRARY_HAS_NO_CIPHERS", "UNSUPPORTED_SSL_VERSION"}
)
_NOT_OFFERED = NotRun("the OpenSSL of the scanner's machine does not offer it")
_PLAIN = NotRun("the connection to this directory is not encrypted")
_SUCCESS = 0


def try_handshake(endpoint: LdapEndpoint, opening: Opening, *, version: TlsVersion) -> Observed:
    """Offer one version of TLS alone, and nothing after it; the certificate is not looked at."""
    if endpoint.security is LdapSecurity.PLAIN:
        return _PLAIN, ()
    context = _offer_alone(version)
    if context is None:
        return _NOT_OFFERED, ()
    try:
        connection = LdapConnection(endpoint, opening, context)
    except ConnectError as error:
        return _read_refusal(error), ()
    connection.close()
    agreed = connection.evidence["tls_version"]
    if agreed != Known(version.value):
        return NotRun("another version than the one offered was agreed on"), (connection,)
    return LdapAnswer(result=AGREED), (connection,)


def _offer_alone(version: TlsVersion) -> ssl.SSLContext | None:
    """Return a context that offers one version; none where this machine's OpenSSL was built without it."""
    context = build_trusting_context()
    try:
        context.set_ciphers(_EVERY_CIPHER)
        with warnings.catch_warnings():
            # It is what we are here to find out, and the versions are offered to nobody else.
            warnings.simplefilter("ignore", DeprecationWarning)
            # The newest first: else the range would be empty for a moment.
            context.maximum_version = _VERSIONS[version]
            context.minimum_version = _VERSIONS[version]
    except (ValueError, ssl.SSLError):
        return None
    return context


def _read_refusal(error: ConnectError) -> LdapAnswer | NotRun:
    match error.__cause__:
        case ssl.SSLError(reason=reason) if reason in _OURS:
            return _NOT_OFFERED
        case ssl.SSLError() | ConnectionResetError() | BrokenPipeError() as cause:
            return LdapAnswer(result=NOT_AGREED, message=find_translation(cause)[0])
        case _:
            return NotRun(error.reason)


def try_unbound_ntlm(endpoint: LdapEndpoint, opening: Opening, *, context: ssl.SSLContext) -> Observed:
    """Log in by NTLM as an account that does not exist, over TLS but not bound to it."""
    if endpoint.security is LdapSecurity.PLAIN:
        return _PLAIN, ()
    try:
        connection = LdapConnection(endpoint, opening, context)
    except ConnectError as error:
        return NotRun(error.reason), ()
    with contextlib.closing(connection):
        chance = bytes.fromhex(opening.random_word() + opening.random_word())
        connection.socket.allow(opening.limits.idle_seconds, 1_000_000)
        try:
            answer = _log_in(connection.ldap, MadeUpLogin(opening.random_word()[:20], chance))
        except LIBRARY_ERRORS as error:
            reason = connection.socket.broken or find_translation(error)[0]
            return NotRun(f"the login got no answer: {reason}"), (connection,)
    return answer, (connection,)


def _log_in(ldap: ldap3.Connection, login: MadeUpLogin) -> LdapAnswer | NotRun:
    """Send what ldap3 sends for NTLM (MS-ADTS 5.1.1.1.3), with messages of ours."""
    ldap.authentication = ldap3.NTLM
    ldap.sasl_in_progress = True
    try:
        offered = _send(ldap, "SICILY_PACKAGE_DISCOVERY", login)
        if offered["result"] != _SUCCESS or b"NTLM" not in _credentials(offered).split(b";"):
            return NotRun("the server offers no NTLM")
        challenge = _send(ldap, "SICILY_NEGOTIATE_NTLM", login)
        if challenge["result"] != _SUCCESS:
            return NotRun(f"the server ended the login early (result {challenge['result']})")
        result = _send(ldap, "SICILY_RESPONSE_NTLM", login, _credentials(challenge))
    finally:
        ldap.sasl_in_progress = False
    return LdapAnswer(result=int(result["result"]), message=clean_line(str(result.get("message", "")), 300))


def _credentials(result: Mapping[str, Any]) -> bytes:
    """Return what stands where others put a name; ldap3 knows it by its beginning."""
    return bytes(result.get("server_creds", b""))


def _send(ldap: ldap3.Connection, part: str, login: MadeUpLogin, *challenge: bytes) -> Mapping[str, Any]:
    # ldap3 takes the maker of messages where others have a name, and the challenge where they have a password.
    request = bind_operation(ldap.version, part, login, *challenge)  # type: ignore[arg-type]
    (result,) = ldap.post_send_single_response(ldap.send("bindRequest", request, None))
    return dict(result)
