"""Vectors of a catalogue on real PostgreSQL: in steps that may die, and found by what is meant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.adapters.faiss_index import FaissIndex
from core.catalogo.barrido import free_catalogo, ring_due_vectores
from core.catalogo.busqueda.buscar import SIGNIFICADO, Buscador
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.indexar import Paso, count_indexados, embed_step, read_espera
from core.catalogo.busqueda.significado import Significado
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.catalogo.productos import update_producto
from core.cuentas.reinicio import reset_empresa
from core.db import Database
from core.errors import ModeloRechazado, Unavailable
from core.models import Empresa, Importacion, Indexacion
from core.ports import Embedder, Tarea
from core.settings import Settings
from tests.fakes import ColaEnMemoria, EmbedderDePapel

TIENDA = (
    "sku,nombre,precio,stock\n"
    "Z-1,Tenis de lona,90000,5\nZ-2,Bota de cuero,150000,3\nZ-3,Sombrero de paja,40000,9\n"
)


@dataclass
class Taller:
    """One installation's catalogue jobs and searches, with a model of paper."""

    db: Database
    settings: Settings
    carpeta: Path
    embedder: EmbedderDePapel = field(default_factory=EmbedderDePapel)
    otros: list[Embedder] = field(default_factory=list)
    cola: ColaEnMemoria = field(default_factory=ColaEnMemoria)

    def importar(self, contenido: str, *, empresa_id: int = 1) -> int:
        with self.db.empresa(empresa_id) as session:
            id_ = create_importacion(
                session,
                empresa_id=empresa_id,
                modo="reemplazar",
                nombre_archivo="a.csv",
                contenido=contenido.encode(),
                actor="consola",
                usuario_id=None,
            )
        ids = {"empresa_id": empresa_id, "importacion_id": id_}
        assert import_step(self.db, self.cola, self.settings, **ids, worker="w").estado
        return id_

    def paso(self, *, empresa_id: int = 1, db: Database | None = None, **more: Any) -> Paso:
        return embed_step(
            db or self.db,
            self.cola,
            more.pop("settings", self.settings),
            more.pop("embedder", self.embedder),
            empresa_id=empresa_id,
            worker="w",
            **more,
        )

    def indexar(self, **more: Any) -> None:
        while (paso := self.paso(**more)).estado == "sigue":
            pass
        assert paso.estado == "al_dia", paso

    def significado(self) -> Significado:
        """As a process that has just started would have it."""
        models: dict[str, Embedder] = {m.modelo: m for m in [self.embedder, *self.otros]}
        return Significado(
            self.db,
            embedder=models.get,
            indice=lambda *_: FaissIndex(),
            fotos=Fotos(self.carpeta),
            max_bytes=10**9,
        )

    def buscador(self) -> Buscador:
        return Buscador(self.db, self.significado())

    def encuentra(self, texto: str, *, empresa_id: int = 1, n: int = 3) -> list[str]:
        hits = self.buscador().de(empresa_id).buscar(texto, n)
        return [h.producto.nombre for h in hits]

    def estado(self, importacion_id: int, *, empresa_id: int = 1) -> tuple[str, int]:
        """As it is told: how far, and how many can be found by meaning."""
        with self.db.empresa(empresa_id) as session:
            row = session.get_one(Importacion, (empresa_id, importacion_id))
            return row.estado, count_indexados(session, row)

    def fila(self) -> Indexacion:
        with self.db.empresa(1) as session:
            row = session.get_one(Indexacion, 1)
            session.expunge(row)
            return row

    def sql(self, statement: str) -> Any:
        with self.db.empresa(1) as session:
            return session.execute(text(statement))


@pytest.fixture
def taller(db: Database, settings: Settings, tmp_path: Path) -> Taller:
    for id_ in (1, 2):
        with db.empresa(id_) as session:
            session.add(Empresa(id=id_, nombre=f"Tienda {id_}"))
    iguales = {"calcorro": "tenis", "capelo": "sombrero", "gorro": "sombrero"}
    small = settings.model_copy(update={"embeddings_paso_filas": 4})
    return Taller(db, small, tmp_path, EmbedderDePapel(iguales=iguales))


def table(n: int) -> str:
    lines = [f"P-{i},Cosa número {i} de la serie {i % 7},{1000 + i},5" for i in range(n)]
    return "\n".join(["sku,nombre,precio,stock", *lines])


# --- found by what is meant ---------------------------------------------------------------------


def test_a_producto_sells_by_name_at_once_and_by_meaning_when_it_is_complete(
    taller: Taller,
) -> None:
    id_ = taller.importar(TIENDA)
    assert taller.estado(id_) == ("indexando", 0)
    assert (taller.encuentra("bota"), taller.encuentra("calcorro")) == (["Bota de cuero"], [])
    taller.indexar()
    assert taller.estado(id_) == ("completada", 3)
    assert taller.encuentra("calcorro")[0] == "Tenis de lona"


def test_what_only_meaning_found_is_never_sure_and_says_so(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    found = taller.buscador().de(1).buscar("calcorro")
    assert [h.motivo for h in found[:1]] == [SIGNIFICADO]
    assert all(h.puntaje <= 0.4 for h in found)


def test_words_that_answer_come_before_what_is_only_meant(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    assert taller.encuentra("bota")[0] == "Bota de cuero"
    assert taller.encuentra("capelo de cuero")[:2] == ["Bota de cuero", "Sombrero de paja"]


def test_a_greeting_means_no_producto(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    assert taller.encuentra("hola, buenas tardes") == []


def test_what_is_no_longer_sold_is_not_found(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    taller.importar(TIENDA.replace("Z-1,Tenis de lona,90000,5\n", ""))
    assert "Tenis de lona" not in taller.encuentra("calcorro")


def test_no_shop_finds_what_another_has(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    assert taller.encuentra("calcorro", empresa_id=2) == []


def test_without_a_model_the_search_goes_by_words_and_nothing_waits(taller: Taller) -> None:
    id_ = taller.importar(TIENDA)
    assert taller.paso(embedder=None).estado == "al_dia"
    assert taller.estado(id_) == ("completada", 3)
    assert taller.encuentra("bota") == ["Bota de cuero"]
    assert taller.encuentra("calcorro") == []


@pytest.mark.parametrize("falla", [Unavailable("lejos"), ModeloRechazado("clave")])
def test_a_model_that_is_away_leaves_the_search_to_words_and_is_not_asked_at_once_again(
    taller: Taller, falla: Exception
) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    buscador = taller.buscador()
    taller.embedder.fallas = [falla, AssertionError("asked again at once")]
    for _ in range(2):
        assert [a.motivo for a in buscador.buscar(1, "cuero", 5)] == ["nombre"]


# --- embedding nothing twice --------------------------------------------------------------------


def test_the_same_file_again_or_in_another_shop_embeds_nothing(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    assert len(taller.embedder.pedidos) == 3
    taller.importar(TIENDA)
    taller.indexar()
    taller.importar(TIENDA, empresa_id=2)
    taller.indexar(empresa_id=2)
    assert len(taller.embedder.pedidos) == 3
    assert taller.encuentra("calcorro", empresa_id=2)[0] == "Tenis de lona"


def test_only_what_changed_is_embedded_again(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    taller.importar(TIENDA.replace("40000,9", "41000,2").replace("Bota de", "Botín de"))
    taller.indexar()
    assert taller.embedder.pedidos[3:] == ["Botín de cuero"]


def test_an_edit_by_hand_is_found_by_its_new_meaning(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    id_ = taller.buscador().buscar(1, "Z-2", 1)[0].id
    with taller.db.empresa(1) as session:
        update_producto(
            session,
            empresa_id=1,
            producto_id=id_,
            cambios={"nombre": "Gorro de lana"},
            actor="consola",
            usuario_id=None,
        )
    assert ring_due_vectores(taller.db, taller.cola, modelo=taller.embedder.modelo) == 1
    taller.indexar()
    assert ring_due_vectores(taller.db, taller.cola, modelo=taller.embedder.modelo) == 0
    assert sorted(taller.encuentra("capelo", n=2)) == ["Gorro de lana", "Sombrero de paja"]


# --- steps that may die -------------------------------------------------------------------------


class Muerto(BaseException):
    """The process is gone: nothing after it runs."""


def killed_after(db: Database, commits: int) -> Database:
    """The database of a process that dies right before its next commit."""
    left = iter(range(commits))

    class Dying(Database):
        def empresa(self, empresa_id: int) -> Any:
            real = super().empresa(empresa_id)

            class Context:
                def __enter__(self) -> Any:
                    return real.__enter__()

                def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
                    if kind is None and next(left, None) is None:
                        real.__exit__(Muerto, Muerto(), None)
                        raise Muerto
                    return real.__exit__(kind, error, trace)

            return Context()

    return Dying(app=db.app_engine, sistema=db.sistema_engine)


def expire(taller: Taller) -> None:
    taller.sql("UPDATE indexacion SET lease_hasta = now() - interval '1 second'")


def test_killed_before_any_commit_it_ends_the_same_and_embeds_nothing_twice(
    taller: Taller,
) -> None:
    wanted = "SELECT sku, p.hash FROM producto_embedding p JOIN producto ON id = producto_id"
    for deaths in range(60):
        taller.sql("DELETE FROM producto")
        taller.sql("DELETE FROM indexacion")
        id_ = taller.importar(table(10).replace("Cosa", f"Cosa {deaths}"))
        taller.embedder.pedidos.clear()
        try:
            paso = taller.paso(db=killed_after(taller.db, deaths))
        except Muerto:
            expire(taller)
            taller.indexar()
        else:
            assert paso.estado == "al_dia"
            break
        assert taller.estado(id_) == ("completada", 10)
        assert len(taller.sql(wanted).all()) == 10
        # What was asked for again was asked in the very call whose answer died.
        assert len(taller.embedder.pedidos) - len(set(taller.embedder.pedidos)) <= 4
    assert deaths > 8


def test_a_step_that_runs_out_of_time_rings_for_the_rest_and_loses_nothing(
    taller: Taller,
) -> None:
    id_ = taller.importar(table(10))
    hurried = taller.settings.model_copy(update={"embeddings_paso_segundos": 0.0})
    assert taller.paso(settings=hurried).estado == "sigue"
    assert taller.cola.timbres[-1] == (Tarea.EMBED_STEP, {"empresa_id": 1})
    assert taller.estado(id_) == ("indexando", 0)
    taller.indexar()
    assert (taller.estado(id_), len(taller.embedder.pedidos)) == (("completada", 10), 10)


def test_a_worker_thought_dead_gives_nothing(taller: Taller) -> None:
    taller.importar(table(10))

    class Slow(EmbedderDePapel):
        """Another worker takes over while we embed."""

        def embed(self, textos: Any, *, consulta: bool = False) -> Any:
            expire(taller)
            taller.indexar()
            return super().embed(textos, consulta=consulta)

    assert taller.paso(embedder=Slow(modelo=taller.embedder.modelo)).estado == "perdido"
    assert taller.fila().visto > 0


def test_an_outage_waits_and_counts_against_nobody(taller: Taller) -> None:
    id_ = taller.importar(table(10))
    taller.embedder.fallas = [None, Unavailable("El modelo no responde.", segundos=60)]
    paso = taller.paso()
    assert (paso.estado, paso.error) == ("espera", "El modelo no responde.")
    assert taller.estado(id_) == ("indexando", 4), "progress is told as it comes"
    assert (taller.fila().error, taller.fila().intentos) == ("El modelo no responde.", 0)
    assert taller.paso().estado == "nada", "not before its time"
    assert ring_due_vectores(taller.db, taller.cola, modelo=taller.embedder.modelo) == 0
    taller.sql("UPDATE indexacion SET proximo_intento = now() - interval '1 second'")
    taller.indexar()
    assert (taller.estado(id_)[0], taller.fila().error) == ("completada", None)
    assert len(taller.embedder.pedidos) == 10, "what was embedded before the outage is kept"


class Quisquilloso(EmbedderDePapel):
    """A provider that refuses some texts for good, and all of them without its key."""

    sin_clave = False

    def embed(self, textos: Any, *, consulta: bool = False) -> Any:
        if self.sin_clave or any("Veneno" in t for t in textos):
            raise ModeloRechazado("El modelo rechaza la petición: 400.")
        return super().embed(textos, consulta=consulta)


def test_a_text_that_the_model_refuses_costs_no_other_its_vector(taller: Taller) -> None:
    id_ = taller.importar(table(6).replace("Cosa número 3", "Veneno"))
    taller.indexar(embedder=Quisquilloso(modelo=taller.embedder.modelo))
    assert taller.estado(id_)[0] == "completada"
    assert taller.sql("SELECT count(*) FROM producto_embedding").scalar() == 5
    assert taller.encuentra("veneno", n=1) == ["Veneno de la serie 3"]


def test_a_model_that_refuses_everything_is_waited_for(taller: Taller) -> None:
    id_ = taller.importar(table(6))
    locked = Quisquilloso(modelo=taller.embedder.modelo)
    locked.sin_clave = True
    assert taller.paso(embedder=locked).estado == "espera"
    assert taller.estado(id_) == ("indexando", 0)
    with taller.db.empresa(1) as session:
        row = session.get_one(Importacion, (1, id_))
        assert read_espera(session, row) == "El modelo rechaza la petición: 400."


def test_vectors_of_another_length_under_the_same_name_are_refused(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()

    class Otro(EmbedderDePapel):
        def vector(self, texto: str) -> bytes:
            return super().vector(texto)[:64]

    taller.importar(TIENDA + "Z-9,Guante de lana,1,1\n")
    assert taller.paso(embedder=Otro(modelo=taller.embedder.modelo)).estado == "espera"
    assert taller.encuentra("calcorro", n=1) == ["Tenis de lona"]
    taller.embedder = Otro(modelo=taller.embedder.modelo)
    assert taller.encuentra("bota") == ["Bota de cuero"], "by words, and nobody fails"
    assert taller.encuentra("calcorro") == []


def test_a_producto_that_kills_whoever_embeds_it_is_passed(taller: Taller) -> None:
    id_ = taller.importar(table(6).replace("Cosa número 3", "Veneno"))

    class Poisoned(EmbedderDePapel):
        def embed(self, textos: Any, *, consulta: bool = False) -> Any:
            if any("Veneno" in t for t in textos):
                raise Muerto
            return super().embed(textos, consulta=consulta)

    def died() -> bool:
        try:
            return taller.paso(embedder=Poisoned(modelo=taller.embedder.modelo)).estado != "al_dia"
        except Muerto:
            return True

    deaths = 0
    while died() and deaths < 20:
        deaths += 1
        expire(taller)
    assert taller.estado(id_)[0] == "completada"
    given = taller.sql("SELECT count(*) FROM producto_embedding").scalar()
    assert (given, deaths < 10) == (5, True)


def test_a_restarted_process_frees_what_it_held(taller: Taller) -> None:
    taller.importar(table(3))
    taller.sql("INSERT INTO indexacion (empresa_id) VALUES (1)")
    taller.sql("UPDATE indexacion SET lease_de = 'w', lease_hasta = now() + interval '1 hour'")
    assert taller.paso().estado == "nada"
    assert free_catalogo(taller.db, worker="otro") == 0
    assert free_catalogo(taller.db, worker="w") == 1
    taller.indexar()


# --- another model ------------------------------------------------------------------------------


def test_another_model_embeds_beside_the_old_one_which_serves_until_it_is_whole(
    taller: Taller,
) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    old, new = taller.embedder, EmbedderDePapel(modelo="papel:2", iguales={"borcego": "bota"})
    taller.otros = [new]
    new.fallas = [None, None, Unavailable("lejos")]
    hurried = taller.settings.model_copy(update={"embeddings_paso_filas": 1})
    assert ring_due_vectores(taller.db, taller.cola, modelo=new.modelo) == 1
    assert taller.paso(embedder=new, settings=hurried).estado == "espera"
    assert taller.fila().modelo_activo == old.modelo
    assert taller.encuentra("calcorro")[0] == "Tenis de lona"
    taller.sql("UPDATE indexacion SET proximo_intento = NULL")
    taller.indexar(embedder=new)
    assert taller.fila().modelo_activo == new.modelo
    assert taller.encuentra("borcego")[0] == "Bota de cuero"
    kept = taller.sql("SELECT DISTINCT modelo FROM producto_embedding").scalars().all()
    assert kept == [new.modelo]
    taller.indexar(embedder=old)
    assert len(old.pedidos) == 3, "back again costs nothing: its vectors are still cached"


# --- what is kept near at hand ------------------------------------------------------------------


def test_an_index_catches_up_in_batches_and_with_single_changes(
    taller: Taller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.catalogo.busqueda.significado._BATCH", 3)
    taller.importar(table(20))
    taller.indexar()
    significado = taller.significado()
    assert len(significado.cercanos(1, "cosa", 100)) == 20
    taller.importar(table(21).replace("Cosa número 4 ", "Trasto viejo "))
    taller.indexar()
    found = significado.cercanos(1, "trasto viejo de la serie 4", 100)
    assert len(found) == 21
    rows = taller.buscador().de(1).por_id([found[0][0]])
    assert [p.nombre for p in rows.values()] == ["Trasto viejo de la serie 4"]


def test_a_shop_that_was_emptied_forgets_its_vectors(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    buscador = taller.buscador()
    assert buscador.buscar(1, "calcorro", 3)
    with taller.db.empresa(1) as session:
        reset_empresa(session, empresa_id=1, confirmar="Tienda 1", actor="consola")
    assert buscador.buscar(1, "calcorro", 3) == []
    taller.importar(TIENDA.replace("Tenis de lona", "Tenis de cuero"))
    taller.indexar()
    hits = buscador.de(1).buscar("calcorro", 1)
    assert [h.producto.nombre for h in hits] == ["Tenis de cuero"]


@pytest.fixture
def fotografiada(taller: Taller) -> Iterator[Callable[[], list[str]]]:
    """A catalogue whose index is kept as a file; what a new process then finds."""
    taller.importar(TIENDA)
    taller.indexar(ready=lambda id_: taller.significado().prepare(id_, desde=1))
    (foto,) = taller.carpeta.glob("*.indice")
    assert taller.fila().foto_sha256 is not None
    yield lambda: taller.encuentra("calcorro", n=1)
    assert foto.parent.exists()


def test_a_new_process_starts_from_the_file(
    taller: Taller, fotografiada: Callable[[], list[str]]
) -> None:
    taller.sql("DELETE FROM producto_embedding WHERE producto_id <> 1")  # not in the file's version
    assert fotografiada() == ["Tenis de lona"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "another"])
def test_a_file_with_another_bit_is_refused_and_the_index_made_anew(
    taller: Taller, fotografiada: Callable[[], list[str]], damage: str
) -> None:
    (foto,) = taller.carpeta.glob("*.indice")
    content = foto.read_bytes()
    match damage:
        case "flipped":
            foto.write_bytes(content[:90] + bytes([content[90] ^ 1]) + content[91:])
        case "cut":
            foto.write_bytes(content[:-20])
        case "gone":
            foto.unlink()
        case "another":
            foto.write_bytes(FaissIndex().dump())
    assert fotografiada() == ["Tenis de lona"]
    assert not foto.exists(), "what is not what was kept is not read a second time"


def test_a_later_change_is_seen_over_an_older_file(
    taller: Taller, fotografiada: Callable[[], list[str]]
) -> None:
    taller.importar(TIENDA + "Z-4,Tenis,1,1\n")
    taller.indexar()
    assert fotografiada() == ["Tenis"]


def test_a_disk_that_takes_no_file_costs_nothing_but_the_file(taller: Taller) -> None:
    taller.carpeta = taller.carpeta / "archivo"
    taller.carpeta.write_text("no es una carpeta")
    taller.importar(TIENDA)
    taller.indexar(ready=lambda id_: taller.significado().prepare(id_, desde=1))
    assert taller.encuentra("calcorro", n=1) == ["Tenis de lona"]


def test_the_least_asked_shop_is_dropped_when_memory_is_short(taller: Taller) -> None:
    for empresa_id in (1, 2):
        taller.importar(TIENDA, empresa_id=empresa_id)
        taller.indexar(empresa_id=empresa_id)
    significado = taller.significado()
    significado._max_bytes = 3 * 512 * 2
    for empresa_id in (1, 2, 1):
        assert significado.cercanos(empresa_id, "calcorro", 3)
        assert len(significado._kept) <= 2
    assert list(significado._kept)[-1] == 1


def test_prices_are_never_of_the_index(taller: Taller) -> None:
    taller.importar(TIENDA)
    taller.indexar()
    buscador = taller.buscador()
    buscador.buscar(1, "calcorro", 3)
    taller.importar(TIENDA.replace("90000,5", "95000,1"))
    hit = buscador.de(1).buscar("calcorro", 1)[0].producto
    assert (hit.precio, hit.stock) == (Decimal(95000), Decimal(1))
