"""TLS to a directory: certificates really validated, by name or by IP address; and what was seen of them.

The standard library does both, whatever the version of Python; what ldap3 would do accepts any certificate unless told
otherwise, and knows no IP addresses.
"""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.certificates import describe_certificate
from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Field, Known
from hardening.model.target import LdapAuthentication, LdapEndpoint

if TYPE_CHECKING:
    from hardening.transports.session import Opening


def build_context(endpoint: LdapEndpoint, opening: Opening) -> ssl.SSLContext:
    """Return what a connection to a directory is protected with; raises ``ConnectError`` and ``SecretError``."""
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file or None)
    except (OSError, ValueError) as error:
        reason = f"the authorities in {endpoint.ca_file} cannot be read ({_say(error)})"
        raise ConnectError(reason, "give `ca_file` a file of certificates in PEM") from error
    if endpoint.authentication is LdapAuthentication.EXTERNAL:
        _show_own(context, endpoint, opening)
    return context


def build_trusting_context() -> ssl.SSLContext:
    """Return a context that trusts anybody: to look at a certificate that was refused, never to send anything."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _show_own(context: ssl.SSLContext, endpoint: LdapEndpoint, opening: Opening) -> None:
    credential = endpoint.credential
    passphrase = opening.resolve(credential.passphrase).reveal() if credential.passphrase else ""
    certificate, key = Path(credential.certificate).expanduser(), Path(credential.key).expanduser()
    try:
        # An empty passphrase keeps OpenSSL from asking on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: passphrase)
    except (OSError, ValueError) as error:
        reason = f"the certificate {certificate} or its key {key} cannot be used ({_say(error)})"
        raise ConnectError(reason, "check both files, and the passphrase of the key") from error


def _say(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not in PEM").replace("_", " ").lower()
    return clean_line(getattr(error, "strerror", "") or str(error), 100)


def describe_tls(sock: ssl.SSLSocket) -> dict[str, Field]:
    """Return fields of the kind `connection`: what was agreed, and the certificate that the server showed."""
    cipher, shown = sock.cipher(), sock.getpeercert(binary_form=True)
    version = sock.version()
    # The clock that validates the certificate is ours: not every directory has one.
    now = int(dt.datetime.now(dt.UTC).timestamp())
    return {
        "tls_version": Known(version) if version else ABSENT,
        "cipher_in": Known(cipher[0]) if cipher else ABSENT,
        "cipher_out": Known(cipher[0]) if cipher else ABSENT,
        **(describe_certificate(shown, now) if shown else {}),
    }
