"""The texts of a kit for Windows that people read. Names in braces are filled in by `app/kit_windows.py`."""

from __future__ import annotations

_ENGLISH = """\
# Installing the hardening scan on Windows for one account

These files let `{account}` run one fixed list of read-only questions over WinRM, with all rights, and nothing else.
It is a JEA endpoint (Just Enough Administration): no shell, no other command, no language.
The questions run as a virtual account that exists as long as the session does.
On a member server it is a local administrator; on a domain controller it is a domain administrator.

| file | what it is |
|---|---|
| `{name}.psrc` | the role capability: the function `{command}`, with every question |
| `{name}.psd1` | the module that the role capability lies in |
| `{name}.pssc` | the session configuration: who may call it |

Made by version {version} for plan `{plan}`.
The role capability can be read from beginning to end before it is installed; `hardening plan` prints the same steps.
It needs Windows PowerShell 5.1, which Windows Server 2016 and later have.

1. Fill in `{name}.pssc` where it still says `DOMAIN-OF-THE-ACCOUNT`. Until then nobody gets in.
   A group may stand there as well, and is easier to keep.
2. Compare the files with `SHA256SUMS`: `Get-FileHash *`.
3. As an administrator on the target, in the folder with these files:

       $module = "$env:ProgramFiles\\WindowsPowerShell\\Modules\\{name}"
       New-Item -ItemType Directory -Force "$module\\RoleCapabilities" | Out-Null
       Copy-Item {name}.psd1 $module
       Copy-Item {name}.psrc "$module\\RoleCapabilities"
       Test-PSSessionConfigurationFile {name}.pssc
       Register-PSSessionConfiguration -Name {name} -Path .\\{name}.pssc -Force

   Registering restarts the service WinRM.
4. Let the account log in over the network. It needs to be in no group for that.
5. From the scanner, with `winrm: {{backend: psrp, configuration: {name}}}` in the inventory: `hardening doctor TARGET`.

Each session says which batch it holds before it answers: `{batch}`.
A new version of the checks may ask other questions.
The scan then says that another plan is installed and judges nothing.
Make the kit again with the same baselines, and copy the role capability again.
To take it back: `Unregister-PSSessionConfiguration -Name {name}`, and remove the module.

None of this was ever run on a real Windows by those who made it; `docs/windows.md` says what was tested and how.
"""

_BOKMAAL = """\
# Installere herdingsskanningen på Windows for én konto

Med disse filene kan `{account}` stille én fast liste spørsmål som bare leser, over WinRM, og ikke noe annet.
Spørsmålene har alle rettigheter de trenger.
Det er et JEA-endepunkt (Just Enough Administration): ikke noe skall, ingen andre kommandoer, ikke noe språk.
Spørsmålene kjører som en virtuell konto som finnes så lenge økten varer.
På en medlemstjener er den lokal administrator; på en domenekontroller er den domeneadministrator.

| fil | hva den er |
|---|---|
| `{name}.psrc` | rollefunksjonaliteten: funksjonen `{command}`, med hvert spørsmål |
| `{name}.psd1` | modulen som rollefunksjonaliteten ligger i |
| `{name}.pssc` | øktkonfigurasjonen: hvem som kan kalle den |

Laget av versjon {version} for plan `{plan}`.
Rollefunksjonaliteten kan leses fra ende til annen før den installeres; `hardening plan` skriver ut de samme stegene.
Den krever Windows PowerShell 5.1, som Windows Server 2016 og nyere har.

1. Fyll ut `{name}.pssc` der det fortsatt står `DOMAIN-OF-THE-ACCOUNT`. Inntil da kommer ingen inn.
   Det kan også stå en gruppe der, og den er enklere å holde ved like.
2. Sammenlign filene med `SHA256SUMS`: `Get-FileHash *`.
3. Som administrator på tjeneren, i mappen med disse filene:

       $module = "$env:ProgramFiles\\WindowsPowerShell\\Modules\\{name}"
       New-Item -ItemType Directory -Force "$module\\RoleCapabilities" | Out-Null
       Copy-Item {name}.psd1 $module
       Copy-Item {name}.psrc "$module\\RoleCapabilities"
       Test-PSSessionConfigurationFile {name}.pssc
       Register-PSSessionConfiguration -Name {name} -Path .\\{name}.pssc -Force

   Registreringen starter tjenesten WinRM på nytt.
4. La kontoen logge inn over nettet. Den trenger ikke være med i noen gruppe for det.
5. Fra skanneren, med `winrm: {{backend: psrp, configuration: {name}}}` i inventaret: `hardening doctor TARGET`.

Hver økt sier hvilken bunke spørsmål den har før den svarer: `{batch}`.
En ny versjon av kontrollene kan stille andre spørsmål.
Skanningen sier da at en annen plan er installert, og vurderer ingenting.
Lag settet på nytt med de samme grunnlinjene, og kopier rollefunksjonaliteten på nytt.
For å ta det tilbake: `Unregister-PSSessionConfiguration -Name {name}`, og fjern modulen.

Ingenting av dette er kjørt på en ekte Windows av dem som laget det.
`docs/windows.md` sier hva som er prøvd, og hvordan.
"""

NOTES = {"en": _ENGLISH, "nb": _BOKMAAL}
"""What an administrator does with the files, by language."""
