"""Time stamps by RFC 3161: asking an authority over HTTP, and checking what it said; the home of rfc3161-client.

A time stamp proves that a manifest was there at a time that is not ours to choose. It is kept as the whole response, so
that `openssl ts -verify` reads it. Certificates count as of the time in the stamp, so it can be checked years later.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509

from hardening.errors import StorageError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from rfc3161_client import Verifier

TIMESTAMP = "MANIFEST.tsr"
SUFFIX = ".tsr"
LARGEST = 1_000_000
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may stamp: the certificates of an authority, as the reader got them from elsewhere."""

    certificates: tuple[x509.Certificate, ...]

    def check(self, token: bytes, data: bytes) -> int:
        """Return the time of a stamp of some data, in seconds since 1970-01-01 UTC; raises ``ValueError``."""
        from rfc3161_client import VerificationError, decode_timestamp_response  # noqa: PLC0415 - an extra

        try:
            response = decode_timestamp_response(token)
            self._verifier().verify_message(response, data)
            return int(response.tst_info.gen_time.timestamp())
        except (ValueError, VerificationError) as error:
            raise ValueError(str(error)) from error

    def _verifier(self) -> Verifier:
        from rfc3161_client import VerifierBuilder  # noqa: PLC0415 - an extra

        roots = [each for each in self.certificates if each.issuer == each.subject]
        others = [each for each in self.certificates if each.issuer != each.subject]
        return VerifierBuilder(roots=roots, intermediates=others).build()


@dataclass(frozen=True, slots=True)
class Stamper:
    """An authority that is asked, at its address."""

    url: str
    authority: Authority

    def stamp(self, data: bytes) -> bytes:
        """Return a stamp of some data, checked; raises ``StorageError``."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response  # noqa: PLC0415

        asked = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()
        answer = self._ask(asked.as_bytes())
        try:
            self.authority.check(answer, data)
            same = decode_timestamp_response(answer).tst_info.nonce == asked.nonce
        except ValueError as error:
            msg = f"{self.url}: the time stamp is not one ({error}); check the address and --timestamp-ca"
            raise StorageError(msg) from error
        if not same:
            msg = f"{self.url}: the time stamp answers another question; check who stands between"
            raise StorageError(msg)
        return answer

    def _ask(self, query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        request = urllib.request.Request(self.url, query, headers)  # noqa: S310 - http and https alone: open_stamper
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
                read: bytes = answer.read(LARGEST + 1)
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            msg = f"{self.url}: no time stamp ({reason}); the scan is kept, and the stamp of the next one covers it too"
            raise StorageError(msg) from error
        return read[:LARGEST]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An authority answers itself, or not at all."""

    def redirect_request(self, *_: object) -> None:
        """Follow nobody."""


def open_authority(path: Path) -> Authority:
    """Return the authority whose certificates are in a PEM file; raises ``UsageError``."""
    _require_extra()
    try:
        certificates = tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        msg = f"{path}: no certificates can be read there ({error}); name the PEM file of the time-stamping authority"
        raise UsageError(msg) from error
    if not any(each.issuer == each.subject for each in certificates):
        msg = f"{path}: holds no root certificate; add the one that the authority's chain ends with"
        raise UsageError(msg)
    return Authority(certificates)


def open_stamper(url: str, path: Path | None) -> Stamper | None:
    """Return what stamps, None if nothing is to; raises ``UsageError`` before a target is touched."""
    if not url:
        return None
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        msg = f"{url}: no address of a time-stamping authority; write http:// or https://"
        raise UsageError(msg)
    if path is None:
        msg = "--timestamp-url needs --timestamp-ca: the certificate of the authority that you trust"
        raise UsageError(msg)
    return Stamper(url, open_authority(path))


def _require_extra() -> None:
    try:
        import rfc3161_client  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        msg = "time stamps need an extra; run pip install 'hardening[timestamp]'"
        raise UsageError(msg) from error
