r"""What runs on the target to ask its own listening TCP sockets whether they speak TLS, and in which versions.

A line that begins with ``=`` is ours, one that begins with a space is OpenSSL's. ``=socket`` with the words of ss opens
a socket; ``=skip`` says why it is not asked; ``=ask`` with a version opens a handshake, which ``=exit`` ends.
``=certificate`` opens what x509 says of the certificate that was shown. ``=bound`` says why the rest was not asked.
"""

from __future__ import annotations

from hardening.probes.listening import USERS

SECONDS = 2
"""How long one handshake may take."""

MOST_SECONDS = 40
"""How long all of them may take; the last one that was begun is let finish."""

MOST_SOCKETS = 24
"""How many sockets are asked."""

VERSIONS = {"-tls1_3": "tls_1_3", "-tls1_2": "tls_1_2", "-tls1_1": "tls_1_1", "-tls1": "tls_1_0"}
"""The option of s_client that offers one version alone, and the field that says whether it is accepted."""

ANY = "any"
"""The first handshake, which offers all versions that the target's OpenSSL knows."""

UNSIGNED = "kRSA"
"""What follows a version that is offered again, with only those suites in which the other end signs nothing.

OpenSSL 3 does not refuse an old version whose signatures its security level forbids: it breaks the handshake off with
an internal error, when it is to sign.
"""

STARTTLS = {21: "ftp", 25: "smtp", 110: "pop3", 143: "imap", 389: "ldap", 587: "smtp", 5432: "postgres"}
"""Ports whose protocol begins without TLS and changes to it on demand, and what s_client calls that."""

# Registered for protocols that begin without TLS. A handshake that nobody understands is a line in their logs; and
# MySQL locks out an address after too many that were broken off (max_connect_errors).
_WITHOUT_TLS = "22|23|53|80|88|111|139|445|2049|3306"

_STARTTLS = "\n".join(f"    {port}) word={name} ;;" for port, name in STARTTLS.items())

# Only lines that say something leave the target. Keys of the session never do, and of the certificate, which names the
# site in a form that nobody could clean, no more than is judged.
_KEEP = r"""
keep() {
  inside=
  while IFS= read -r line; do
    case $line in
    '=exit '*) printf '%s\n' "$line" ;;
    '-----BEGIN CERTIFICATE-----') inside=$1; printf ' %s\n' "$line" ;;
    '-----END CERTIFICATE-----') inside=; printf ' %s\n' "$line" ;;
    'CONNECTED('*|'New, '*|'    Protocol  : '*|'SSL handshake has read '*|*:error:*|connect:*|s_client:*|'Error '*)
      printf ' %s\n' "$line" ;;
    *) [ "$inside" != whole ] || printf ' %s\n' "$line" ;;
    esac
  done
}
shorten() {
  inside=
  while IFS= read -r line; do
    [ "$line" != ' -----END CERTIFICATE-----' ] || inside=
    [ "$inside" ] || printf '%s\n' "$line"
    [ "$line" != ' -----BEGIN CERTIFICATE-----' ] || inside=1
  done
}
bare() { while read -r line; do printf '%s\n' "$line"; done; }
describe() {
  names=
  while read -r line; do
    case $names$line in
    subject=*|issuer=*|notBefore=*|notAfter=*|'Signature Algorithm: '*|'Hash Algorithm: '*) ;;
    'Public Key Algorithm: '*|*'Public-Key: ('*|'ASN1 OID: '*|*:error:*|x509:*|'unable to '*) ;;
    'X509v3 Subject Alternative Name:'*) names='names: '; continue ;;
    'names: '*) line=$names$line names= ;;
    *) continue ;;
    esac
    printf ' %s\n' "$line"
  done
}
"""

# SECLEVEL=0 and ALL let OpenSSL offer what it would not use itself: what a service accepts is asked, not what is wise.
_HELLO = f"""
hello() {{
  {{
    timeout --foreground {SECONDS} openssl s_client -connect "$where" ${{word:+-starttls $word}} \\
      -cipher ALL:@SECLEVEL=0 -min_protocol TLSv1 </dev/null 2>&1
    printf '=exit %s\\n' "$?"
  }} | keep whole
}}
hello_in() {{
  {{
    timeout --foreground {SECONDS} openssl s_client -connect "$where" ${{word:+-starttls $word}} \\
      -cipher "$suites" "$version" </dev/null 2>&1
    printf '=exit %s\\n' "$?"
  }} | keep brief
}}
"""

# A socket for all addresses is asked at the loopback address.
_PLACE = f"""
place() {{
  address=${{1%:*}} port=${{1##*:}} word=
  case $address in
  127.*|'[::1]'|'[::ffff:127.'*|*%lo) why=loopback; return 1 ;;
  '*'|0.0.0.0) where=127.0.0.1:$port ;;
  '[::]') where=[::1]:$port ;;
  *%*) why=device; return 1 ;;
  *) where=$address:$port ;;
  esac
  case $where in *[!0-9a-fA-F.:%\\[\\]]*) why=address; return 1 ;; esac
  case $2 in *'"sshd"'*) why=plain; return 1 ;; esac
  case $port in
    {_WITHOUT_TLS}) why=plain; return 1 ;;
{_STARTTLS}
  esac
}}
"""

_ASK = f"""
clock() {{ read -r up idle </proc/uptime && up=${{up%%.*}} || up=0; }}
ask() {{
  printf '=ask {ANY}\\n'
  first=$(hello)
  printf '%s\\n' "$first" | shorten
  case $first in
  *' New, TLSv'*|*' New, SSLv'*|*'BEGIN CERTIFICATE'*|*'SSL alert number'*|*'unsupported protocol'*) ;;
  *) return ;;
  esac
  case $first in *'BEGIN CERTIFICATE'*)
    printf '=certificate\\n'
    printf '%s\\n' "$first" | bare | openssl x509 -noout -nameopt RFC2253,utf8,-esc_msb -subject -issuer -dates -text \\
      -certopt no_header,no_version,no_serial,no_validity,no_sigdump 2>&1 | describe
  esac
  [ "$now" ] || {{ now=$(date +%s); printf '=now %s\\n' "$now"; }}
  for version in {" ".join(VERSIONS)}; do
    case $version$first in -tls1_3*' New, TLSv1.3,'*|-tls1_2*'BEGIN CERT'*'Protocol  : TLSv1.2'*) continue ;; esac
    suites=ALL:@SECLEVEL=0
    said=$(hello_in)
    printf '=ask %s\\n%s\\n' "$version" "$said"
    case $said in *'SSL alert number 80'*) ;; *) continue ;; esac
    suites=kRSA:@SECLEVEL=0
    printf '=ask %s {UNSIGNED}\\n' "$version"
    hello_in
  done
}}
"""

# The kernel's table tells without any program whether there is a socket to ask at all; ss tells whose it is.
_LOOP = f"""
if [ ! -d "/proc/sys/kernel$hardening_at_rest" ]; then printf '=none\\n=end\\n'; exit 0; fi
if [ -O /proc/sys/kernel ]; then printf '=root\\n'; fi
some=
for name in tcp tcp6; do
  [ ! -r "/proc/net/$name" ] || while read -r number local peer state rest; do
    [ "$state" = 0A ] || continue
    case ${{local%:*}} in ??????7F|00000000000000000000000001000000|0000000000000000FFFF0000??????7F) continue ;; esac
    case $((0x${{local##*:}})) in {_WITHOUT_TLS}) continue ;; esac
    some=1
  done <"/proc/net/$name"
done
said=
if [ -z "$some" ]; then printf '=nothing\\n'
elif command -v ss >/dev/null; then said=$(ss -l -n -t -u -p -e) || printf '=ss failed\\n'
else printf '=no ss\\n'
fi
tool=
command -v timeout >/dev/null || tool=timeout
command -v openssl >/dev/null || tool=openssl
clock
start=$up
printf '%s\\n' "$said" | {{
taken= asked=0 now=
while read -r protocol state received sent local peer rest; do
  [ "$protocol $state" = 'tcp LISTEN' ] || continue
  case $taken in *"<$local>"*) continue ;; esac
  taken="$taken<$local>"
  if [ $asked -ge {MOST_SOCKETS} ]; then printf '=bound sockets\\n'; break; fi
  clock
  if [ $((up - start)) -ge {MOST_SECONDS} ]; then printf '=bound seconds\\n'; break; fi
  printf '=socket %s\\n' "$protocol $state 0 0 $local $peer $rest"
  if ! place "$local" "$rest"; then printf '=skip %s\\n' "$why"; continue; fi
  if [ "$tool" ]; then printf '=tool %s\\n' "$tool"; continue; fi
  asked=$((asked + 1))
  ask
done
}}
"""


def build_script() -> str:
    """Return the script; it is the same on every target."""
    functions = "".join(part.lstrip("\n") for part in (_KEEP, _HELLO, _PLACE, _ASK, _LOOP))
    return functions + USERS + "printf '=end\\n'\n"
