"""The texts of a kit that people and Ansible read. Names in braces are filled in by `app/kit.py`."""

from __future__ import annotations

_ENGLISH = """\
# Installing the hardening scan for one account

These files let the account `{account}` run one fixed list of read-only questions, partly as root, and nothing else.
No shell, no other command, no port forwarding, no password for sudo.

| file | goes to | owner and mode |
|---|---|---|
| `hardening-root` | `{root_script}` | root, 0555 |
| `hardening-scan` | `{scan_script}` | root, 0555 |
| `sudoers` | `/etc/sudoers.d/hardening` | root, 0440 |
| `authorized_keys` | `~{account}/.ssh/authorized_keys` | root, 0644 |

Made by version {version} for plan `{plan}`.
Both scripts can be read from beginning to end before they are installed; `hardening plan` prints the same steps.

1. Fill in `authorized_keys` where it still says `ADDRESS-OF-THE-SCANNER` or `PUBLIC-KEY-OF-THE-SCANNER`.
   Until then nobody gets in.
2. Compare: `sha256sum -c SHA256SUMS` must say OK for every file that you did not fill in.
3. As root on the target, in the folder with these files:

       useradd --create-home --shell /bin/sh --password '*' {account}
       install -d -m 0755 /usr/local/libexec
       install -m 0555 hardening-root {root_script}
       install -m 0555 hardening-scan {scan_script}
       visudo -cf sudoers && install -m 0440 sudoers /etc/sudoers.d/hardening
       install -d -m 0755 -o root -g root "$(getent passwd {account} | cut -d: -f6)/.ssh"
       install -m 0644 -o root -g root authorized_keys "$(getent passwd {account} | cut -d: -f6)/.ssh/authorized_keys"

   `ansible.yml` does the same on many targets.
4. From the scanner: `hardening doctor ssh://{account}@TARGET --become kit`, then scan with `become: kit`.

sudo runs the root script only while its SHA-256 is `{root_digest}`.
A new version of the checks may ask other questions.
The scan then says that another plan is installed and judges nothing.
Make the kit again with the same baselines, and install the four files again.
sudo must know digests in sudoers: sudo does since 1.8.7; sudo-rs does not.
To take it back: remove the two scripts, `/etc/sudoers.d/hardening` and the account.
"""

_BOKMAAL = """\
# Installere herdingsskanningen for én konto

Med disse filene kan kontoen `{account}` stille én fast liste spørsmål som bare leser, noen som root, og ikke noe annet.
Ikke noe skall, ingen andre kommandoer, ingen videresending av porter, ikke noe passord for sudo.

| fil | legges i | eier og modus |
|---|---|---|
| `hardening-root` | `{root_script}` | root, 0555 |
| `hardening-scan` | `{scan_script}` | root, 0555 |
| `sudoers` | `/etc/sudoers.d/hardening` | root, 0440 |
| `authorized_keys` | `~{account}/.ssh/authorized_keys` | root, 0644 |

Laget av versjon {version} for plan `{plan}`.
Begge skriptene kan leses fra ende til annen før de installeres; `hardening plan` skriver ut de samme stegene.

1. Fyll ut `authorized_keys` der det fortsatt står `ADDRESS-OF-THE-SCANNER` eller `PUBLIC-KEY-OF-THE-SCANNER`.
   Til da slipper ingen inn.
2. Sammenlign: `sha256sum -c SHA256SUMS` skal si OK for hver fil som du ikke har fylt ut.
3. Som root på systemet, i mappen med disse filene:

       useradd --create-home --shell /bin/sh --password '*' {account}
       install -d -m 0755 /usr/local/libexec
       install -m 0555 hardening-root {root_script}
       install -m 0555 hardening-scan {scan_script}
       visudo -cf sudoers && install -m 0440 sudoers /etc/sudoers.d/hardening
       install -d -m 0755 -o root -g root "$(getent passwd {account} | cut -d: -f6)/.ssh"
       install -m 0644 -o root -g root authorized_keys "$(getent passwd {account} | cut -d: -f6)/.ssh/authorized_keys"

   `ansible.yml` gjør det samme på mange systemer.
4. Fra skanneren: `hardening doctor ssh://{account}@SYSTEM --become kit`, og skann deretter med `become: kit`.

sudo kjører root-skriptet bare så lenge det har SHA-256 `{root_digest}`.
En ny versjon av sjekkene kan stille andre spørsmål.
Da sier skanningen at en annen plan er installert, og vurderer ingenting.
Lag settet på nytt med de samme grunnlinjene, og installer de fire filene på nytt.
sudo må kjenne kontrollsummer i sudoers: det gjør sudo fra og med 1.8.7; sudo-rs gjør det ikke.
For å ta det bort: fjern de to skriptene, `/etc/sudoers.d/hardening` og kontoen.
"""

NOTES = {"en": _ENGLISH, "nb": _BOKMAAL}
"""The note on how to install a kit, by language."""

_DIRECTORY_ENGLISH = """\
# Read rights for the scan account of a directory

An ordinary account reads most of a directory; these files delegate the rest.
They are computed from the plan: each right is one that a search of it needs, and none writes.
Made by version {version}; make them again when the baselines or the version change.

| file | for |
|---|---|
| `ad-grant.ps1` | Active Directory: what an ordinary account never reads, such as fine-grained password policies |
| `ad-grant-narrow.ps1` | Active Directory, only where reading was taken from ordinary accounts |
| `ad-revoke.ps1` | takes both back |
| `openldap-grant.ldif` | OpenLDAP: the configuration without secrets, and the entries |
| `openldap-grant-hashes.ldif` | OpenLDAP: the schemes of password hashes; read its first lines before you decide |

A file that is not here is not needed by this plan.
Fill in the account where a file still says `ACCOUNT-OF-THE-SCANNER`: until then nothing is delegated.
Of LAPS only the time at which a password expires is read, never a password.
Attributes that hold a password or its hash are not delegated in Active Directory.
Accounts that AdminSDHolder protects inherit nothing.
In a narrow domain run the lines for `$domain` on `CN=AdminSDHolder,CN=System,$domain` too, without `/I:T`.

1. Read the files from beginning to end.
2. Active Directory: run `ad-grant.ps1` in PowerShell on a domain controller, as a domain administrator.
3. OpenLDAP: run `ldapmodify -c -Y EXTERNAL -H ldapi:/// -f openldap-grant.ldif` as root on its server.
4. From the scanner: `hardening doctor ldaps://SERVER --user ACCOUNT --password-from prompt:`, then scan.
"""

_DIRECTORY_BOKMAAL = """\
# Leserettigheter for skannekontoen i en katalog

En vanlig konto leser det meste av en katalog; disse filene delegerer resten.
De er regnet ut av planen: hver rettighet trengs av et søk i den, og ingen gir skriverett.
Laget av versjon {version}; lag dem på nytt når grunnlinjene eller versjonen endres.

| fil | for |
|---|---|
| `ad-grant.ps1` | Active Directory: det en vanlig konto aldri leser, som finmaskede passordregler |
| `ad-grant-narrow.ps1` | Active Directory, bare der vanlige kontoer er fratatt lesetilgang |
| `ad-revoke.ps1` | tar begge tilbake |
| `openldap-grant.ldif` | OpenLDAP: konfigurasjonen uten hemmeligheter, og oppføringene |
| `openldap-grant-hashes.ldif` | OpenLDAP: metoden bak passordhasher; les de første linjene før du bestemmer deg |

En fil som ikke ligger her, trenger ikke denne planen.
Fyll ut kontoen der det fortsatt står `ACCOUNT-OF-THE-SCANNER`: til da delegeres ingenting.
Av LAPS leses bare når et passord utløper, aldri et passord.
Attributter som holder et passord eller en hash av det, delegeres ikke i Active Directory.
Kontoer som AdminSDHolder beskytter, arver ingenting.
I et innsnevret domene må linjene for `$domain` også kjøres på `CN=AdminSDHolder,CN=System,$domain`, uten `/I:T`.

1. Les filene fra ende til annen.
2. Active Directory: kjør `ad-grant.ps1` i PowerShell på en domenekontroller, som domeneadministrator.
3. OpenLDAP: kjør `ldapmodify -c -Y EXTERNAL -H ldapi:/// -f openldap-grant.ldif` som root på serveren.
4. Fra skanneren: `hardening doctor ldaps://SERVER --user KONTO --password-from prompt:`, skann deretter.
"""

DIRECTORY_NOTES = {"en": _DIRECTORY_ENGLISH, "nb": _DIRECTORY_BOKMAAL}
"""The note on how to delegate the rights that a plan needs in a directory, by language."""

ANSIBLE = """\
# Tasks that install the hardening scan: plan {plan}
# To be imported with become: true; hardening_kit is the folder of the kit, by default that of the playbook.
- name: The account of the hardening scan
  ansible.builtin.user:
    name: {account}
    shell: /bin/sh
    password: "*"
    create_home: true
  register: hardening_account

- name: The folder of the scripts
  ansible.builtin.file:
    path: /usr/local/libexec
    state: directory
    owner: root
    group: root
    mode: "0755"

- name: The script that root runs
  ansible.builtin.copy:
    src: "{{{{ hardening_kit | default(playbook_dir) }}}}/hardening-root"
    dest: {root_script}
    owner: root
    group: root
    mode: "0555"

- name: The script that the account runs
  ansible.builtin.copy:
    src: "{{{{ hardening_kit | default(playbook_dir) }}}}/hardening-scan"
    dest: {scan_script}
    owner: root
    group: root
    mode: "0555"

- name: The root script and nothing else, without a password
  ansible.builtin.copy:
    src: "{{{{ hardening_kit | default(playbook_dir) }}}}/sudoers"
    dest: /etc/sudoers.d/hardening
    validate: /usr/sbin/visudo -cf %s
    owner: root
    group: root
    mode: "0440"

- name: The folder of the key
  ansible.builtin.file:
    path: "{{{{ hardening_account.home }}}}/.ssh"
    state: directory
    owner: root
    group: root
    mode: "0755"

- name: The key, which opens the scan and nothing else
  ansible.builtin.copy:
    src: "{{{{ hardening_kit | default(playbook_dir) }}}}/authorized_keys"
    dest: "{{{{ hardening_account.home }}}}/.ssh/authorized_keys"
    owner: root
    group: root
    mode: "0644"
"""
"""Ansible tasks that install a kit."""
