"""The keywords that `sshd -T` prints, with the form of their values; nothing here knows where they were read.

Taken from sshd_config(5) and what OpenSSH 8.4 to 10.0 print. A keyword that an sshd does not print is absent there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, FieldSpec, FieldType, Known, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Form(Enum):
    """How a value is written, in the output and in the files."""

    WORD = auto()
    """One of a few words; case does not matter."""
    CAPITALS = auto()
    """One of a few words, printed in capitals."""
    TEXT = auto()
    """One argument, such as a path."""
    COMMAND = auto()
    """Everything after the keyword."""
    COMPOSED = auto()
    """Printed in a form that the files alone do not give."""
    INTEGER = auto()
    SECONDS = auto()
    ALGORITHMS = auto()
    """A list with commas, which may start with `+`, `-` or `^` and then builds on the default."""
    WORDS = auto()
    """A list with blanks; the first line counts."""
    LINES = auto()
    """One item a line; every line counts."""
    PRINTED = auto()
    """As LINES, but only sshd itself knows the items."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword's form and meaning. ``is_empty_by_default`` means that sshd prints nothing unless it is set."""

    form: Form
    description: str
    is_empty_by_default: bool = False

    @property
    def accumulates(self) -> bool:
        """Say whether every occurrence adds to the value, instead of the first one winning."""
        return self.form in {Form.LINES, Form.PRINTED}

    @property
    def type(self) -> FieldType:
        """The type of the field that holds the value."""
        match self.form:
            case Form.INTEGER | Form.SECONDS:
                return FieldType.INTEGER
            case Form.ALGORITHMS | Form.WORDS | Form.LINES | Form.PRINTED:
                return FieldType.TEXTS
            case Form.WORD | Form.CAPITALS | Form.TEXT | Form.COMMAND | Form.COMPOSED:
                return FieldType.TEXT


_WORD = {
    "addressfamily": "address family to listen on: any, inet, inet6",
    "allowagentforwarding": "whether agents may be forwarded",
    "allowstreamlocalforwarding": "whether Unix sockets may be forwarded: yes, no, local, remote",
    "allowtcpforwarding": "whether ports may be forwarded: yes, no, local, remote",
    "compression": "whether data is compressed after login",
    "debianbanner": "whether the Debian revision is shown before login",
    "disableforwarding": "whether all forwarding is off",
    "exposeauthinfo": "whether the session is told how the user logged in",
    "gatewayports": "whether forwarded ports are open to others: yes, no, clientspecified",
    "gssapiauthentication": "whether Kerberos tickets log in through GSSAPI",
    "gssapicleanupcredentials": "whether GSSAPI credentials are destroyed at logout",
    "gssapikeyexchange": "whether GSSAPI exchanges keys",
    "gssapistorecredentialsonrekey": "whether renewed GSSAPI credentials are stored",
    "gssapistrictacceptorcheck": "whether the GSSAPI service name must be this machine's",
    "hostbasedauthentication": "whether a trusted machine vouches for its users",
    "hostbasedusesnamefrompacketonly": "whether the client names itself in host-based login",
    "ignorerhosts": "whether .rhosts and .shosts are ignored: yes, no, shosts-only",
    "ignoreuserknownhosts": "whether the user's known_hosts is ignored in host-based login",
    "kbdinteractiveauthentication": "whether the keyboard-interactive method (PAM dialogues) logs in",
    "kerberosauthentication": "whether passwords are checked by Kerberos",
    "kerberosorlocalpasswd": "whether the local password counts when Kerberos fails",
    "kerberosticketcleanup": "whether Kerberos tickets are destroyed at logout",
    "passwordauthentication": "whether passwords log in",
    "permitemptypasswords": "whether empty passwords log in",
    "permitrootlogin": "how root may log in: no, prohibit-password, forced-commands-only, yes",
    "permittty": "whether a terminal may be asked for",
    "permittunnel": "whether tunnel devices may be forwarded: no, yes, point-to-point, ethernet",
    "permituserrc": "whether ~/.ssh/rc runs",
    "printlastlog": "whether the last login is shown",
    "printmotd": "whether sshd shows /etc/motd",
    "pubkeyauthentication": "whether public keys log in",
    "refuseconnection": "whether connections are refused",
    "streamlocalbindunlink": "whether an existing socket file is replaced",
    "strictmodes": "whether loose permissions of a user's files forbid login",
    "tcpkeepalive": "whether TCP keepalives are sent",
    "usedns": "whether the client's name is looked up and checked",
    "usepam": "whether PAM checks accounts and sessions",
    "x11forwarding": "whether X11 may be forwarded",
    "x11uselocalhost": "whether forwarded X11 listens on loopback only",
}
_CAPITALS = {
    "fingerprinthash": "hash for key fingerprints in the log",
    "loglevel": "how much sshd logs",
    "syslogfacility": "facility that sshd logs to",
}
_TEXT = {
    "authorizedkeyscommanduser": "account that runs authorizedkeyscommand",
    "authorizedprincipalscommanduser": "account that runs authorizedprincipalscommand",
    "authorizedprincipalsfile": "file with accepted certificate names, or none",
    "banner": "file shown before login, or none",
    "chrootdirectory": "folder that sessions are locked into, or none",
    "hostkeyagent": "agent socket that holds the host keys, or none",
    "modulifile": "file with Diffie-Hellman groups",
    "pamservicename": "PAM service name",
    "permituserenvironment": "whether users set environment variables: no, yes or patterns",
    "pidfile": "file with the process id",
    "securitykeyprovider": "library for security keys",
    "sshdauthpath": "program that authenticates",
    "sshdsessionpath": "program that serves a session",
    "trustedusercakeys": "file with the CA keys trusted to sign user certificates, or none",
    "xauthlocation": "the xauth program",
}
_COMMAND = {
    "authorizedkeyscommand": "program that looks up public keys, or none",
    "authorizedprincipalscommand": "program that looks up accepted certificate names, or none",
    "forcecommand": "command that replaces the one the client asks for, or none",
    "versionaddendum": "text added to the version shown before login, or none",
}
_COMPOSED = {
    "ipqos": "traffic classes, interactive and bulk",
    "persourcemaxstartups": "unauthenticated connections from one address, or none",
    "persourcenetblocksize": "bits that make one source, IPv4:IPv6",
    "persourcepenalties": "penalties for misbehaving sources, or no",
    "persourcepenaltyexemptlist": "addresses without penalties, or none",
    "rekeylimit": "bytes and seconds until keys are renewed; 0 is the default of the cipher",
    "revokedkeys": "files with keys refused for login, or none",
    "streamlocalbindmask": "umask of forwarded sockets, octal",
    "unusedconnectiontimeout": "seconds until a connection without channels is closed, or none",
}
_INTEGER = {
    "clientalivecountmax": "unanswered alive messages until the session ends",
    "maxauthtries": "login attempts in a connection",
    "maxsessions": "sessions in a connection",
    "requiredrsasize": "least bits of an RSA key",
    "x11displayoffset": "first display number for X11 forwarding",
}
_SECONDS = {
    "clientaliveinterval": "seconds between alive messages; 0 sends none",
    "logingracetime": "seconds for logging in; 0 has no limit",
}
_ALGORITHMS = {
    "casignaturealgorithms": "signature algorithms for certificates",
    "ciphers": "ciphers offered",
    "gssapikexalgorithms": "GSSAPI key exchange methods offered",
    "hostbasedacceptedalgorithms": "signature algorithms accepted for host-based login",
    "hostkeyalgorithms": "host key algorithms offered",
    "kexalgorithms": "key exchange methods offered",
    "macs": "message authentication codes offered",
    "pubkeyacceptedalgorithms": "signature algorithms accepted for public keys",
}
_WORDS = {
    "authenticationmethods": "lists of methods that must succeed together; any is one method of choice",
    "authorizedkeysfile": "files with a user's public keys",
    "channeltimeout": "time limits by channel type, or none",
    "permitlisten": "addresses that remote forwarding may listen on, or any",
    "permitopen": "destinations that local forwarding may reach, or any",
    "pubkeyauthoptions": "what security keys must prove, or none",
}
_EMPTY_BY_DEFAULT = {
    "acceptenv": "environment variables taken from the client",
    "allowgroups": "group patterns that may log in",
    "allowusers": "user patterns that may log in",
    "denygroups": "group patterns that may not log in",
    "denyusers": "user patterns that may not log in",
    "hostcertificate": "host certificate files",
    "subsystem": "subsystem names with their commands",
}
_LINES = {"hostkey": "private host key files", "port": "ports to listen on"}
_PRINTED = {
    "listenaddress": "addresses to listen on, with port",
    "setenv": "environment variables set in sessions",
}

KEYWORDS: Mapping[str, Keyword] = {
    name: Keyword(form, description, is_empty_by_default=table is _EMPTY_BY_DEFAULT)
    for form, table in (
        (Form.WORD, _WORD),
        (Form.CAPITALS, _CAPITALS),
        (Form.TEXT, _TEXT),
        (Form.COMMAND, _COMMAND),
        (Form.COMPOSED, _COMPOSED),
        (Form.INTEGER, _INTEGER),
        (Form.SECONDS, _SECONDS),
        (Form.ALGORITHMS, _ALGORITHMS),
        (Form.WORDS, _WORDS),
        (Form.LINES, _EMPTY_BY_DEFAULT),
        (Form.LINES, _LINES),
        (Form.PRINTED, _PRINTED),
    )
    for name, description in table.items()
}
"""Every keyword that becomes one field; `maxstartups` becomes three (``STARTUPS``)."""

STARTUPS: Mapping[str, str] = {
    "maxstartups_start": "unauthenticated connections from which on some are refused",
    "maxstartups_rate": "percentage that is then refused",
    "maxstartups_full": "unauthenticated connections from which on all are refused",
}

OLD_NAMES: Mapping[str, str] = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "keepalive": "tcpkeepalive",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "skeyauthentication": "kbdinteractiveauthentication",
}
"""What files and older versions call a keyword."""

KEYWORD_FIELDS: Mapping[str, FieldSpec] = {
    **{name: FieldSpec(keyword.type, keyword.description) for name, keyword in KEYWORDS.items()},
    **{name: FieldSpec(FieldType.INTEGER, description) for name, description in STARTUPS.items()},
}

_SYNONYMS = {
    ("permitrootlogin", "without-password"): "prohibit-password",
    ("compression", "delayed"): "yes",
    ("allowtcpforwarding", "all"): "yes",
    ("allowstreamlocalforwarding", "all"): "yes",
}
_INTEGER_TEXT = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_STARTUPS_TEXT = re.compile(r"([0-9]{1,9}):([0-9]{1,9}):([0-9]{1,9})", re.ASCII)
_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)", re.ASCII | re.IGNORECASE)
_SECONDS_IN = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_THIRTY_PERCENT = 30
"""The rate of `MaxStartups N`, the same in every version."""


def parse_printed(name: str, lines: Sequence[str], place: str) -> Field:
    """Return the field for the arguments that `sshd -T` printed, one text for each of its lines."""
    if not lines:
        return Absent(place)
    match KEYWORDS[name].form:
        case Form.INTEGER | Form.SECONDS:
            return _parse_integer(lines[0], place)
        case Form.ALGORITHMS:
            return _parse_algorithms(lines[0], place)
        case Form.WORDS:
            return Known(tuple(lines[0].split()), place)
        case Form.LINES | Form.PRINTED:
            return Known(tuple(lines), place)
        case Form.WORD | Form.CAPITALS | Form.TEXT | Form.COMMAND | Form.COMPOSED:
            return Known(_SYNONYMS.get((name, lines[0]), lines[0]), place)


def parse_written(name: str, arguments: Sequence[str], rest: str, place: str) -> Field:
    """Return the field for the arguments as they stand in a file.

    ``rest`` is everything behind the keyword. What the files alone do not decide is unreadable.
    """
    argument = arguments[0] if arguments else ""
    form = KEYWORDS[name].form
    match form:
        case Form.INTEGER | Form.SECONDS:
            return _parse_integer(argument, place) if form is Form.INTEGER else _parse_seconds(argument, place)
        case Form.ALGORITHMS:
            return _parse_algorithms(argument, place)
        case Form.WORDS | Form.LINES:
            return Known((" ".join(arguments),) if name == "subsystem" else tuple(arguments), place)
        case Form.WORD | Form.CAPITALS | Form.TEXT | Form.COMMAND:
            return Known(_read_text(name, form, argument, rest), place)
        case Form.COMPOSED | Form.PRINTED:
            return Unreadable("only sshd itself knows the effective value", place)


def _read_text(name: str, form: Form, argument: str, rest: str) -> str:
    if form is Form.WORD:
        return _SYNONYMS.get((name, argument.lower()), argument.lower())
    if form is Form.CAPITALS:
        return argument.upper()
    return rest if form is Form.COMMAND else argument


def _parse_algorithms(text: str, place: str) -> Field:
    if text[:1] in {"+", "-", "^"}:
        return Unreadable(f"{text[0]} builds on defaults that only sshd itself knows", place)
    return Known(tuple(item for item in text.split(",") if item), place)


def parse_startups(text: str, place: str) -> Mapping[str, Field]:
    """Return the three fields of `MaxStartups start:rate:full` or `MaxStartups full`."""
    parts = _STARTUPS_TEXT.fullmatch(text)
    if parts:
        return {name: Known(int(part), place) for name, part in zip(STARTUPS, parts.groups(), strict=True)}
    limit = _parse_integer(text, place)
    if isinstance(limit, Known):
        return dict(zip(STARTUPS, (limit, Known(_THIRTY_PERCENT, place), limit), strict=True))
    return dict.fromkeys(STARTUPS, limit)


def _parse_integer(text: str, place: str) -> Field:
    if _INTEGER_TEXT.fullmatch(text):
        return Known(int(text), place)
    return Unreadable(f"not a number: {text[:40]}", place)


def _parse_seconds(text: str, place: str) -> Field:
    spans = _SPAN.findall(text)
    if not spans or "".join(number + unit for number, unit in spans) != text:
        return Unreadable(f"not a time: {text[:40]}", place)
    return Known(sum(int(number) * _SECONDS_IN[unit.lower()] for number, unit in spans), place)
