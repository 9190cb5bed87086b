"""One contract for each way of keeping secrets, run against the fake and the real one."""

import time

import pytest

from core.adapters.cifrado import FernetCifrado
from core.adapters.claves import Argon2Claves
from core.errors import CredencialesIlegibles
from core.ports import Cifrado, Claves
from tests.fakes import CifradoDePapel, ClavesRapidas

CLAVE = "correcta, caballo, batería ñ"


@pytest.fixture(params=[ClavesRapidas, lambda: Argon2Claves(memory_kib=64, rounds=1)])
def claves(request: pytest.FixtureRequest) -> Claves:
    found: Claves = request.param()
    return found


def test_a_password_opens_only_its_own_hash(claves: Claves) -> None:
    stored = claves.hash(CLAVE)
    assert CLAVE not in stored
    assert claves.verify(CLAVE, stored)
    assert not claves.verify(CLAVE + " ", stored)
    assert not claves.verify("", stored)
    assert not claves.verify(CLAVE, claves.hash("otra"))


@pytest.mark.parametrize("stored", [None, "", "basura", "$argon2id$v=19$basura"])
def test_what_is_no_hash_opens_for_nobody(claves: Claves, stored: str | None) -> None:
    assert not claves.verify(CLAVE, stored)
    assert not claves.verify("nadie", stored)


def test_a_real_hash_is_salted_argon2id() -> None:
    claves = Argon2Claves()
    one, two = claves.hash(CLAVE), claves.hash(CLAVE)
    assert one != two
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_nobodys_password_costs_as_much_as_somebodys() -> None:
    claves = Argon2Claves()
    stored = claves.hash(CLAVE)

    def cost(kept: str | None) -> float:
        def once() -> float:
            begun = time.process_time()
            claves.verify("otra", kept)
            return time.process_time() - begun

        return min(once() for _ in range(5))

    assert 0.5 < cost(None) / cost(stored) < 2


@pytest.fixture(params=[CifradoDePapel, lambda: FernetCifrado("llave uno")])
def cifrado(request: pytest.FixtureRequest) -> Cifrado:
    found: Cifrado = request.param()
    return found


SECRETOS = {"token": "123:canario", "secreto": "ñ"}


def test_credentials_open_only_in_the_place_they_were_written_for(cifrado: Cifrado) -> None:
    sealed = cifrado.encrypt(SECRETOS, empresa_id=1, clave="a")
    assert b"canario" not in sealed
    assert cifrado.decrypt(sealed, empresa_id=1, clave="a") == SECRETOS
    for empresa_id, clave in ((2, "a"), (1, "b")):
        with pytest.raises(CredencialesIlegibles):
            cifrado.decrypt(sealed, empresa_id=empresa_id, clave=clave)
    with pytest.raises(CredencialesIlegibles):
        cifrado.decrypt(b"basura", empresa_id=1, clave="a")


def test_keys_are_rotated_without_losing_what_the_old_one_sealed() -> None:
    old = FernetCifrado("vieja").encrypt(SECRETOS, empresa_id=1, clave="a")
    both = FernetCifrado("nueva, vieja")
    assert both.decrypt(old, empresa_id=1, clave="a") == SECRETOS
    new = both.encrypt(SECRETOS, empresa_id=1, clave="a")
    assert FernetCifrado("nueva").decrypt(new, empresa_id=1, clave="a") == SECRETOS
    with pytest.raises(CredencialesIlegibles):
        FernetCifrado("nueva").decrypt(old, empresa_id=1, clave="a")
