"""Passwords by argon2id."""

# OWASP's smaller argon2id profile: a login costs a small shop's machine 19 MiB and some 50 ms.
_MEMORY_KIB = 19 * 1024
_ROUNDS = 2
_B64 = "A" * 43  # 32 bytes of no password at all


class Argon2Claves:
    """Implements core.ports.Claves."""

    def __init__(self, *, memory_kib: int = _MEMORY_KIB, rounds: int = _ROUNDS) -> None:
        from argon2 import PasswordHasher

        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        # What an unknown email is compared with, so that the clock tells nothing.
        self._of_nobody = f"$argon2id$v=19$m={memory_kib},t={rounds},p=1${_B64[:22]}${_B64}"

    def hash(self, clave: str) -> str:
        return self._hasher.hash(clave)

    def verify(self, clave: str, guardada: str | None) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            self._hasher.verify(guardada or self._of_nobody, clave)
        except (VerificationError, InvalidHashError):
            return False
        return guardada is not None
