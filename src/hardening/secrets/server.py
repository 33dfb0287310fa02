"""One value from a HashiCorp Vault or OpenBao server, over TLS; the home of hvac."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.secrets.secret import Secret

SECONDS = 10


def read_server_value(reference: str, path: str, key: str, token: Secret, environ: Mapping[str, str]) -> str:
    """Return a value of a secret in a key-value engine (version 2); raises ``SecretError``.

    ``path`` is MOUNT/PATH. The server and its certificate authority are those of VAULT_ADDR and VAULT_CACERT.
    """
    address = environ.get("VAULT_ADDR", "")
    if not address.startswith("https://"):
        msg = f"{reference}: VAULT_ADDR does not name a server by https://; set it, for example https://vault-01:8200"
        raise SecretError(msg)
    mount, _, name = path.partition("/")
    if not mount or not name:
        msg = f"{reference}: write vault:MOUNT/PATH#KEY, for example vault:secret/hardening#sudo"
        raise SecretError(msg)
    try:
        # Imported here: an extra, and slow to load.
        import hvac  # noqa: PLC0415
        import requests  # noqa: PLC0415
        from hvac.exceptions import VaultError  # noqa: PLC0415
    except ImportError as error:
        msg = f"{reference}: the extra is not installed; run pip install 'hardening[vault]'"
        raise SecretError(msg) from error
    client = hvac.Client(
        url=address,
        token=token.reveal(),
        namespace=environ.get("VAULT_NAMESPACE") or None,
        verify=environ.get("VAULT_CACERT") or True,
        timeout=SECONDS,
        allow_redirects=False,
    )
    try:
        answer = client.secrets.kv.v2.read_secret_version(path=name, mount_point=mount, raise_on_deleted_version=True)
        value = answer["data"]["data"][key]
    except requests.RequestException as error:
        msg = f"{reference}: the server does not answer ({type(error).__name__}); check VAULT_ADDR and VAULT_CACERT"
        raise SecretError(msg) from error
    except VaultError as error:
        # The server's own words may repeat what was sent.
        msg = f"{reference}: the server refused ({type(error).__name__}); check the token, its policy and the path"
        raise SecretError(msg) from None
    except (KeyError, TypeError, ValueError):
        msg = f"{reference}: there is no such key; name one that the secret has"
        raise SecretError(msg) from None
    if not isinstance(value, str):
        msg = f"{reference}: the value is not text; write it as text"
        raise SecretError(msg)
    return value
