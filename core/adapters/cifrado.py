"""Channel credentials at rest, by Fernet (AES-128-CBC with HMAC-SHA256)."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from core.errors import CredencialesIlegibles


class FernetCifrado:
    """Implements core.ports.Cifrado. Each place (empresa, clave) has keys of its own, derived from
    the configured ones, so a ciphertext copied to another row opens for nobody.
    """

    def __init__(self, secrets_key: str) -> None:
        """`secrets_key`: comma separated; the first encrypts, all decrypt (rotation)."""
        parts = [part.strip() for part in secrets_key.split(",") if part.strip()]
        self._masters = [hashlib.sha256(part.encode()).digest() for part in parts]

    def encrypt(self, datos: dict[str, Any], *, empresa_id: int, clave: str) -> bytes:
        sealed: bytes = self._box(empresa_id, clave).encrypt(json.dumps(datos).encode())
        return sealed

    def decrypt(self, cifrado: bytes, *, empresa_id: int, clave: str) -> dict[str, Any]:
        from cryptography.fernet import InvalidToken

        try:
            opened = self._box(empresa_id, clave).decrypt(cifrado)
        except InvalidToken as e:
            raise CredencialesIlegibles("Las credenciales no se pueden leer.") from e
        datos: dict[str, Any] = json.loads(opened)
        return datos

    def _box(self, empresa_id: int, clave: str) -> Any:
        from cryptography.fernet import Fernet, MultiFernet

        place = f"{empresa_id}:{clave}".encode()
        keys = [hmac.new(master, place, hashlib.sha256).digest() for master in self._masters]
        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
