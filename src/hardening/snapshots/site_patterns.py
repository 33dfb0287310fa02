"""How what names a site looks in the output of steps: people, hosts, addresses, keys, secrets, comments."""

from __future__ import annotations

import re

ACCOUNT = r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?"

# Where a name stands as a name, with the number that tells people from the system: (pattern, group of the number or 0).
PEOPLE = (
    (re.compile(rf"^P:\d+:(?P<name>{ACCOUNT}):[^:\n]*:(?P<id>\d+):", re.MULTILINE), True),
    (re.compile(rf"^G:\d+:(?P<name>{ACCOUNT}):(?P<id>\d+):", re.MULTILINE), True),
    (re.compile(rf"(?:^|\0)p\d+:(?P<id>\d+):\d+:(?P<name>{ACCOUNT}):", re.MULTILINE), True),
    (re.compile(rf"\b(?P<id>\d+)\((?P<name>{ACCOUNT})\)"), True),
    (re.compile(rf"^(?P<id>\d+) (?P<name>{ACCOUNT})$", re.MULTILINE), True),
    (re.compile(rf"^[0-9a-f]{{4}}:(?P<id>\d+):\d+:\d+:\d+:-?\d+:(?P<name>{ACCOUNT}):", re.MULTILINE), True),
    (re.compile(rf"^[0-9a-f]{{4}}:\d+:(?P<id>\d+):\d+:\d+:-?\d+:[^:\n]*:(?P<name>{ACCOUNT}):", re.MULTILINE), True),
    (re.compile(rf"/home/(?P<name>{ACCOUNT})"), False),
    (re.compile(rf"^S:\d+:(?P<name>{ACCOUNT}):", re.MULTILINE), False),
)
MEMBERS = re.compile(r"^G:\d+:[^:\n]*:\d+:(.+)$", re.MULTILINE)
LISTED = re.compile(
    r"^(?:\d+ )?(?:Allow|Deny)(?:Users|Groups)\s+(.+)$|^\d+ Match (?:User|Group) (.+)$", re.IGNORECASE | re.MULTILINE
)
SUDOERS = re.compile(rf"^/etc/sudoers[^:\n]*:\d+:%?({ACCOUNT})\s+[^=\n]+=", re.MULTILINE)
SYSTEM = re.compile(rf"^P:\d+:({ACCOUNT}):[^:\n]*:(\d+):|^G:\d+:({ACCOUNT}):(\d+):", re.MULTILINE)
HOST_NAMES = (
    re.compile(r"^uname=\S+ (?P<name>\S+) \S+ \S+$", re.MULTILINE),
    re.compile(r"\AH(?P<name>[^\0\n]+)\0"),
)

# The lines of a certificate that say whose it is, as the kind tls_listeners leaves them.
HOLDER = re.compile(r"^( (?:subject|issuer)=)(.+)$", re.MULTILINE)
HOLDER_NAMES = re.compile(r"^ names: (.+)$", re.MULTILINE)
CERTIFIED_NAME = re.compile(r"([A-Za-z][A-Za-z ]*:)(.*?)(?=, [A-Za-z][A-Za-z ]*:|$)")

_TOP = "no|com|net|org|eu|se|dk|fi|is|de|uk|nl|info|biz|int|gov|edu|local|lan|internal|intern|lokal|home|corp|priv|ad"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
DOMAIN = re.compile(rf"(?<![\w@./%-])(?:(?<=//))?((?:{_LABEL}\.)+(?:{_TOP}))(?![\w-]|\.\w)", re.IGNORECASE)
DOMAIN_IN_URL = re.compile(rf"(?<=//)((?:{_LABEL}\.)+{_LABEL})(?![\w-])")
MAIL = re.compile(rf"([A-Za-z0-9_.+-]+)@((?:{_LABEL}\.)+(?:{_TOP}))(?![\w-])", re.IGNORECASE)
ADDRESS4 = re.compile(r"(?<![\w.~+-])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w~+-]|\.\d)")
ADDRESS6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]{2,39}(?:/\d{1,3})?(?![\w:])"
)
PACKED4 = re.compile(r"\b([0-9A-F]{8}):(?=[0-9A-F]{4}\b)")
PACKED6 = re.compile(r"\b([0-9A-F]{32}):(?=[0-9A-F]{4}\b)")
HEX6 = re.compile(r"(?<==ipv6 )[0-9a-f]{32}\b")
CARD = re.compile(r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b")
UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
MACHINE = re.compile(r"(?<![=\w] )\b[0-9a-f]{32}\b(?!:)")
KEY = re.compile(r"\bAAAA[A-Za-z0-9+/]{40,}={0,2}")
FINGERPRINT = re.compile(r"(?<=\bSHA256:)[A-Za-z0-9+/]{43}")
PRIVATE = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
HASH = re.compile(r"(\$(?:gy|y|7|6|5|2[abxy]?|1|argon2id?|sha1)\$)[./A-Za-z0-9$=,+-]{8,}")
LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s:]+:[^/@\s]+(?=@)")
RANDOM = re.compile(
    r"(?<![\w/+.-])(?<!\bSHA256:)(?!AAAA)(?=[A-Za-z0-9_]*[a-z])(?=[A-Za-z0-9_]*[A-Z])(?=(?:[A-Za-z0-9_]*\d){2})[A-Za-z0-9_]{32,}\b"
)
_KEY_NAMES = r"[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|community|bindpw|psk)[\w.-]*"
SECRET = re.compile(
    rf"""(?P<key>{_KEY_NAMES}(?:[ \t]+=[ \t]*|=[ \t]+))(?P<line>[^\n\0]+)
    |(?P<tight>{_KEY_NAMES}=|--(?:password|passphrase|secret|token)[ \t]+
    |^(?:[^:\n\0]*:)?(?:\d+:)?[ \t]*(?:ro|rw)community6?[ \t]+|\bcreateUser[ \t]+\S+[ \t]+\w+[ \t]+)
    (?P<word>"[^"\n]*"|'[^'\n]*'|[^\s"',;\0]+)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
NO_SECRET = re.compile(r"yes|no|on|off|true|false|none|required|optional|\d{1,4}|[${<%].*", re.IGNORECASE)

# A line that begins with a comment, behind the path and number that a step may print before it. `#include` and `#1000`
# are no comments in sudoers, `#!` names a program.
COMMENT = re.compile(
    r"^((?:[^\n:\0]*[^\n:\0\s]:)?(?:\d+:)?[ \t]*)([#;])(?!includedir\b|include\b|\d|!)[^\n\0]*", re.MULTILINE
)
LAST_COMMENT = re.compile(r"(?<=[ \t])#[ \t](?!handle )[^\n\0]*")
QUOTED_COMMENT = re.compile(r"""((?:--comment|(?<!-m )\bcomment) )("[^"\n]*"|'[^'\n]*'|\S+)|/\* [^\n]*? \*/""")
BELOW_HOME = re.compile(r"(/home/[^/\s:\0\"']+)((?:/[^/\s:\0\"']+)+)")

VENDORS = re.compile(
    r"(?:.*\.)?(?:debian|ubuntu|canonical|redhat|fedoraproject|centos|rockylinux|almalinux|opensuse|suse|oracle|kernel|"
    r"freedesktop|systemd|gnu|ntp|netfilter|openssh|libssh|lysator\.liu|openssl|docker|quay|ghcr|letsencrypt|w3|ietf|"
    r"apache|nginx|postgresql|mariadb|mysql|python|example)\.(?:com|org|net|io|se|info)",
    re.IGNORECASE,
)
VERSIONED = ("packages", "updates", "kernel", "os_support")
