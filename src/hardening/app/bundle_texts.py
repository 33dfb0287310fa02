"""What a bundle says to its reader: how to check it with OpenSSH and coreutils alone."""

from __future__ import annotations

README = r"""Evidence of one scan / Dokumentasjon fra én skanning
=====================================================

What is here
  report.json                what was found, with what was seen and where
  *.snapshot.json.gz         what each target answered (zcat shows it)
  plan-*.json                every command that was run; its SHA-256 is the plan in MANIFEST
  scan.json                  which targets the scan was to visit
  MANIFEST, MANIFEST.sig     digests of all these, times, operator, host keys seen; and its signature
  MANIFEST.tsr               time stamp by an authority (RFC 3161), if the site uses one; likewise in chain/
  chain/                     the manifests of all scans before, each named by the next
  SHA256SUMS                 digests of all files

How to check it without the tool that made it
You need the public key of the municipality, from somewhere else than this archive, in a file:
    echo 'audit namespaces="hardening" ssh-ed25519 AAAA...' > ../allowed_signers
and the digest of the last manifest ("chain" in the scan's output), if you were given it. In this folder:

# begin check
LC_ALL=C grep -Evn '^[0-9a-f]{64}  [A-Za-z0-9._/-]+$' SHA256SUMS
sha256sum --quiet --strict -c SHA256SUMS
find . -type f ! -name SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort > ../found
sed 's,^[0-9a-f]*  ,,' SHA256SUMS | LC_ALL=C sort | diff - ../found
sha256sum --quiet --strict -c MANIFEST
p=none; n=1
for m in chain/*.manifest MANIFEST; do
    [ -e "$m" ] || continue
    ssh-keygen -Y verify -f ../allowed_signers -I audit -n hardening -s "$m.sig" < "$m" > /dev/null ||
        echo "$m: signature"
    grep -qx "# previous: $p" "$m" && grep -qx "# number: $n" "$m" || echo "$m: does not follow the one before"
    p=$(sha256sum < "$m" | cut -d' ' -f1); n=$((n + 1))
done
# end check
echo "last manifest: $p"

Each line that the check prints is something missing, altered or added. The last manifest must be the digest you were
given, or that of a scan after it: otherwise scans were cut off at the end.

Where there are time stamps: get the certificate of the authority from the authority itself, as ../tsa.pem.

# begin time stamps
for m in chain/*.manifest MANIFEST; do
    [ -e "$m.tsr" ] || continue
    openssl ts -verify -in "$m.tsr" -data "$m" -CAfile ../tsa.pem > /dev/null 2>&1 || echo "$m.tsr: time stamp"
done
# end time stamps
openssl ts -reply -in MANIFEST.tsr -text

The second command shows the time. A stamp says that the manifest was there then, and all manifests that it follows.
After the authority's certificate has ended, give openssl the time of the stamp with -attime.

What the signature proves, and what not
It proves that the holder of the key signed these digests, and that no file changed since. It does not prove that the
targets told the truth, that the clock was right, or that no other scan was made and thrown away before it was signed.

Slik kontrolleres dokumentasjonen
Legg kommunens offentlige nøkkel, hentet fra et annet sted enn dette arkivet, i ../allowed_signers som vist over, og
kjør linjene mellom «begin check» og «end check» i denne mappen. Hver linje som skrives ut, er noe som mangler, er
endret eller er lagt til.
Tidsstempler kontrolleres på samme måte med linjene mellom «begin time stamps» og «end time stamps» og tidsstemplerens
sertifikat i ../tsa.pem. Et tidsstempel viser at manifestet fantes på det tidspunktet, og alle som det bygger på.
Signaturen viser at den som har nøkkelen, gikk god for innholdet, og at ingenting er endret siden.
Den viser ikke at systemene svarte riktig, at klokken gikk riktig, eller at ingen skanning er utelatt.
"""
