"""One experiment: customers, a fault that hits work in flight a few times, silence, a verdict."""

import http.client
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import quantiles

from tests.chaos import cortes, cuerpos, fallas, importaciones, vectores
from tests.chaos.aislamiento import leaks
from tests.chaos.cliente import Carga
from tests.chaos.cortes import Cortes
from tests.chaos.cuerpos import CuerposAlAzar
from tests.chaos.entregado import undelivered
from tests.chaos.fallas import Campo, Falla
from tests.chaos.foto import Foto, take_foto
from tests.chaos.historia import Historia
from tests.chaos.importaciones import ImportacionEnObra, RelevoEnObra
from tests.chaos.instalacion import Instalacion
from tests.chaos.libro import VENENO, Cuentas, Libro
from tests.chaos.mira import Golpe, Mira, await_true
from tests.chaos.obras import AbrirObra
from tests.chaos.tiendas import Linea, Tienda, open_tiendas
from tests.chaos.vectores import IndiceEnArchivo, Reindexacion
from tests.chaos.verificador import Falta, judge

QUIET_SECONDS = 90.0
_WARM_SECONDS = 4.0
_LOAD_SECONDS = 30.0  # at least: long enough for shelves to run empty
WHOLE_SECONDS = 60.0
_TRIES = 3  # how often a blow that hit nothing is struck again before the run is void
# P4: what 95 of 100 intakes stay under whatever happens to the broker, and at most so many times
# what the same load took in peace on this machine.
_INTAKE_SECONDS, _INTAKE_TIMES = 1.0, 2.0
_PROBES = 24  # fresh connections, so that no process of the web goes unasked

_n = count(1)


@dataclass(frozen=True)
class Experimento:
    """`veces`: how often the fault strikes. `acepta_siempre`: intake must not notice it.
    `cerca`: a turn must have been fenced off, or the run is void. `obra`: what goes on beside the
    customers, and is hit instead of them."""

    nombre: str
    falla: Falla
    veces: int = 3
    acepta_siempre: bool = False
    cerca: bool = False
    obra: AbrirObra | None = None


EXPERIMENTOS = (
    Experimento("sin fallas", fallas.nothing, acepta_siempre=True),
    Experimento("kill -9 de un worker de chat", fallas.kill_chat_worker, 4),
    Experimento("worker congelado más allá de su lease", fallas.freeze_chat_worker, 2, cerca=True),
    Experimento("kill -9 de la web", fallas.kill_web),
    Experimento("FLUSHALL", fallas.flush_valkey, 4, acepta_siempre=True),
    Experimento("kill -9 de Valkey", fallas.kill_valkey, acepta_siempre=True),
    Experimento("Valkey congelado 20 s", fallas.freeze_valkey, 2, acepta_siempre=True),
    Experimento("kill -9 de PostgreSQL", fallas.kill_postgres),
    Experimento("mensaje que mata a su worker", fallas.poison, 2),
    Experimento(
        "worker de catálogo muerto 20 veces",
        importaciones.kill_catalogo_worker,
        20,
        obra=partial(ImportacionEnObra, veces=20),
    ),
    Experimento(
        "worker de catálogo congelado más allá de su lease",
        importaciones.freeze_catalogo_worker,
        1,
        obra=partial(RelevoEnObra, veces=1),
    ),
    Experimento("reindexación muerta", vectores.kill_embeddings_worker, 4, obra=Reindexacion),
    Experimento("archivo del índice alterado", vectores.flip_a_bit, 2, obra=IndiceEnArchivo),
    Experimento("proveedor que acepta y corta 200 veces", cortes.cut_answers, 1, obra=Cortes),
    Experimento("10.000 cuerpos al azar", cuerpos.throw, 1, obra=CuerposAlAzar),
)


@dataclass
class Informe:
    """What happened in one experiment, and which promises it broke."""

    nombre: str
    golpes: list[Golpe] = field(default_factory=list)
    faltas: list[Falta] = field(default_factory=list)
    nulo: str = ""  # why the run proves nothing
    acusados: int = 0
    duplicados: int = 0
    fallos: int = 0
    ventas: int = 0
    unidades: tuple[int, int] = (0, 0)  # asked for, on the shelf
    cercados: int = 0  # turns that woke up too late and were refused
    turnos_de_mas: int = 0  # turns taken that recorded nothing: killed, fenced, restarted
    entrada_p95: float = 0.0  # seconds until a 2xx, without waiting for the answer
    calma: float | None = None  # seconds from the end of the load until nothing waited
    segundos: float = 0.0

    @property
    def resultado(self) -> str:
        if self.nulo:
            return "NULO"
        return "FALLA" if self.faltas else "pasa"


def run_experimento(
    instalacion: Instalacion,
    experimento: Experimento,
    say: Callable[[str], None],
    *,
    quiet_seconds: float = QUIET_SECONDS,
    en_paz: float = 0.0,
) -> Informe:
    """Play it on new shops and judge it. Leaves the installation whole.

    en_paz: the p95 of intake without faults, in seconds, where it is known.
    """
    informe, start = Informe(experimento.nombre), time.monotonic()
    tiendas = open_tiendas(instalacion)
    empresas = [t.empresa_id for t in tiendas]
    n = next(_n)
    libro = Libro(instalacion.folder / f"libro-{n}.jsonl")
    carga = Carga(instalacion.port, tiendas, libro, instalacion.telegram, semilla=n)
    campo = Campo(instalacion, carga, Mira(instalacion, empresas))
    fenced_before = _fenced(instalacion)
    if experimento.obra is not None:
        campo.obra = experimento.obra(instalacion)
        campo.obra.prepare()
    carga.start()
    time.sleep(_WARM_SECONDS)
    if campo.obra is not None:
        campo.obra.begin()
    for _ in range(experimento.veces):
        golpe = _strike(campo, experimento.falla, quiet_seconds)
        if golpe is None:
            informe.nulo = "ningún golpe dio en trabajo en curso"
            break
        informe.golpes.append(golpe)
        say(_tell(golpe))
    await_true(partial(fallas.is_whole, instalacion), WHOLE_SECONDS)
    time.sleep(max(0.0, _LOAD_SECONDS - (time.monotonic() - start)))
    carga.stop()
    informe.calma = await_true(campo.mira.is_quiet, quiet_seconds)
    libro.close()
    informe.cercados = max(0, _fenced(instalacion) - fenced_before)
    cuentas, foto = libro.read(), take_foto(instalacion.superuser, empresas)
    informe.faltas = [Falta("todo vuelve", told) for told in _still_broken(instalacion, tiendas[0])]
    informe.faltas += [Falta("entregas", told) for told in undelivered(instalacion, tiendas)]
    _judge(informe, campo, experimento, cuentas, foto)
    if campo.obra is not None:
        informe.faltas += campo.obra.faltas()
        informe.nulo = informe.nulo or campo.obra.nulo()
    if experimento.acepta_siempre:
        limit = max(_INTAKE_SECONDS, _INTAKE_TIMES * en_paz)
        told_of = _noticed(cuentas, informe.entrada_p95, limit)
        informe.faltas += [Falta("la entrada no lo nota", told) for told in told_of]
    campo.mira.close()
    informe.segundos = time.monotonic() - start
    return informe


def _strike(campo: Campo, falla: Falla, patience: float) -> Golpe | None:
    """One blow that hit something, and its recovery; None when three hit nothing."""
    for _ in range(_TRIES):
        golpe = falla(campo)
        golpe.drenaje = await_true(partial(_has_recovered, campo.mira, golpe), patience, every=0.1)
        if not golpe.trabajos:  # else it goes on already, and the next blow must not come late
            await_true(partial(fallas.is_whole, campo.instalacion), WHOLE_SECONDS)
        if golpe.vale:
            golpe.retomados = campo.mira.taken_again(golpe.tomados)
            golpe.retomados += sum(campo.mira.works_again(t) for t in golpe.trabajos)
            return golpe
    return None


def _has_recovered(mira: Mira, golpe: Golpe) -> bool:
    """What the blow hit goes on: work of the catalogue, or the chats that waited."""
    if golpe.trabajos:
        return all(mira.works_again(t) for t in golpe.trabajos)
    return not mira.unanswered(golpe.pendientes)


def _tell(golpe: Golpe) -> str:
    ids = ", ".join(f"{t.chat}#{t.token}" for t in golpe.tomados[:8])
    verb = "siguió" if golpe.trabajos else "drenó"
    drained = f"no {verb}" if golpe.drenaje is None else f"{verb} en {golpe.drenaje:.1f} s"
    work = "".join(f"{t.tabla} {t.id}#{t.token} en {t.lugar}, " for t in golpe.trabajos)
    what = work if golpe.trabajos else f"chats tomados [{ids}], "
    return (
        f"    golpe en {what}{len(golpe.pendientes)} mensajes pendientes, "
        f"{golpe.abiertas} transacciones abiertas, {golpe.en_cola} campanas en cola, "
        f"{golpe.en_vuelo} peticiones en vuelo; {drained}{golpe.nota and '; '}{golpe.nota}"
    )


def _judge(
    informe: Informe, campo: Campo, experimento: Experimento, cuentas: Cuentas, foto: Foto
) -> None:
    settings = campo.instalacion.settings()
    informe.faltas += judge(Historia(cuentas, foto, intentos=settings.turno_intentos))
    empresas = sorted({p.empresa_id for p in foto.productos})
    informe.faltas += [Falta("aislamiento", t) for t in leaks(campo.instalacion.app_role, empresas)]
    quick = [a.segundos for a in cuentas.acuses if a.segundos]
    informe.entrada_p95 = quantiles(quick, n=20)[-1] if len(quick) > 20 else 0.0
    informe.acusados, informe.duplicados = cuentas.acusados, cuentas.duplicados
    informe.fallos = sum(f.razon != "409" for f in cuentas.fallos)
    informe.ventas = len(foto.ventas)
    on_shelf = sum(m.cantidad for m in foto.movimientos if m.motivo not in ("venta", "cancelacion"))
    informe.unidades = (sum(d.cantidad for d in cuentas.dichos), int(on_shelf))
    turns = sum(m.remitente == "bot" for m in foto.mensajes)
    informe.turnos_de_mas = sum(c.token for c in foto.chats) - turns
    if not informe.nulo:
        informe.nulo = _void(informe, experimento, cuentas)


def _noticed(cuentas: Cuentas, p95: float, limit: float) -> Iterator[str]:
    """P4: whatever happens to the broker, intake goes on, and at once."""
    for f in cuentas.fallos:
        if f.razon != "409":
            yield f"{f.que}: {f.razon} tras {f.segundos:.1f} s"
    if p95 > limit:
        yield f"p95 de la entrada: {p95:.2f} s, más de {limit:.2f} s"


def _still_broken(instalacion: Instalacion, tienda: Tienda) -> Iterator[str]:
    """When all is over every process serves again: what it lost meanwhile has healed."""
    for _ in range(_PROBES):
        linea = Linea(instalacion.port, tienda.token)
        try:
            status = linea.get("/auth/yo").status
        except (OSError, http.client.HTTPException) as e:
            yield f"GET /auth/yo: {type(e).__name__}"
        else:
            if status != 200:
                yield f"GET /auth/yo: {status}"
        finally:
            linea.close()


def _fenced(instalacion: Instalacion) -> int:
    """How many turns the chat worker has told of as lost to somebody else."""
    return instalacion.log("chat").count('"estado": "perdido"')


def _void(informe: Informe, experimento: Experimento, cuentas: Cuentas) -> str:
    """Why this run proves nothing although nothing broke."""
    if informe.unidades[0] <= informe.unidades[1]:
        return f"se pidió {informe.unidades[0]} y había {informe.unidades[1]}: nadie se quedó sin"
    if not informe.ventas:
        return "no hubo ventas"
    if not informe.duplicados:
        return "no hubo duplicados"
    if experimento.cerca and not informe.cercados:
        return "ningún turno llegó tarde a la valla"
    if experimento.falla is fallas.poison and not any(d.acto == VENENO for d in cuentas.dichos):
        return "no hubo veneno"
    return ""
