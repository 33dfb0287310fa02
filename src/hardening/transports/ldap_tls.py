"""TLS to a directory: certificates really validated, by name or by IP address; and what was seen of them.

The standard library does both, whatever the version of Python; what ldap3 would do accepts any certificate unless told
otherwise, and knows no IP addresses.
"""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Field, Known, Unreadable
from hardening.model.target import LdapAuthentication, LdapEndpoint, WinRmAuthentication, WinRmEndpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from hardening.transports.session import Opening

CERTIFICATE_FIELDS = (
    "certificate_subject",
    "certificate_issuer",
    "certificate_names",
    "certificate_not_before",
    "certificate_not_after",
    "certificate_days_left",
    "certificate_key",
    "certificate_signature",
    "certificate_fingerprint",
)


def build_context(endpoint: LdapEndpoint | WinRmEndpoint, opening: Opening) -> ssl.SSLContext:
    """Return what a connection is protected with; raises ``ConnectError`` and ``SecretError``."""
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file or None)
    except (OSError, ValueError) as error:
        reason = f"the authorities in {endpoint.ca_file} cannot be read ({_say(error)})"
        raise ConnectError(reason, "give `ca_file` a file of certificates in PEM") from error
    if endpoint.authentication in {LdapAuthentication.EXTERNAL, WinRmAuthentication.CERTIFICATE}:
        _show_own(context, endpoint, opening)
    return context


def build_trusting_context() -> ssl.SSLContext:
    """Return a context that trusts anybody: to look at a certificate that was refused, never to send anything."""
    # Not the default context: reading all authorities of this machine would take longer than the handshake.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _show_own(context: ssl.SSLContext, endpoint: LdapEndpoint | WinRmEndpoint, opening: Opening) -> None:
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
    return {
        "tls_version": Known(version) if version else ABSENT,
        "cipher_in": Known(cipher[0]) if cipher else ABSENT,
        "cipher_out": Known(cipher[0]) if cipher else ABSENT,
        **(describe_certificate(shown) if shown else {}),
    }


def describe_certificate(data: bytes) -> dict[str, Field]:
    """Return the fields of a certificate; unreadable where it is none."""
    try:
        certificate = x509.load_der_x509_certificate(data)
        return {
            "certificate_subject": Known(clean_line(certificate.subject.rfc4514_string(), 500)),
            "certificate_issuer": Known(clean_line(certificate.issuer.rfc4514_string(), 500)),
            "certificate_names": _read_names(certificate),
            "certificate_not_before": Known(int(certificate.not_valid_before_utc.timestamp())),
            "certificate_not_after": Known(int(certificate.not_valid_after_utc.timestamp())),
            "certificate_days_left": Known(_count_days(certificate.not_valid_after_utc)),
            "certificate_key": Known(_describe_key(certificate.public_key())),
            "certificate_signature": _read_signature(certificate),
            "certificate_fingerprint": Known(f"SHA256:{certificate.fingerprint(hashes.SHA256()).hex()}"),
        }
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        unreadable = Unreadable(f"the certificate cannot be read ({clean_line(str(error), 100)})")
        return dict.fromkeys(CERTIFICATE_FIELDS, unreadable)


def _count_days(until: dt.datetime) -> int:
    """Return whole days from now: the clock that validates the certificate is ours, as not every directory has one."""
    return (until - dt.datetime.now(dt.UTC)).days


def _read_names(certificate: x509.Certificate) -> Field:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return ABSENT
    names = extension.value
    if not isinstance(names, x509.SubjectAlternativeName):
        return Unreadable("the names of the certificate cannot be read")
    texts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return Known(tuple(clean_line(text, 300) for text in texts))


def _describe_key(key: CertificatePublicKeyTypes) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case _:
            return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def _read_signature(certificate: x509.Certificate) -> Field:
    algorithm = certificate.signature_hash_algorithm
    return Known(algorithm.name) if algorithm else ABSENT
