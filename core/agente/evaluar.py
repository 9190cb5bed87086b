"""`evaluar`: the exam through the real intake, turn and sale code, in throw-away empresas.

Workers leave an `efimera` empresa alone, so this may run beside a live system. Each is deleted as
soon as its dialogue is over; what a crashed run left is swept by the next that runs alone.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import func, select, text

from core.agente.comprension import Contexto, Espera, Item, Turno
from core.agente.entender import entender
from core.agente.examen import Dialogo, Estado, Nota, examine
from core.agente.motor import Motor
from core.agente.palabras import plegar
from core.agente.temas import HABLA
from core.agente.turno import Vendedor, sin_modelo
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.busqueda.significado import Significado
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.catalogo.reglas import LARGOS
from core.cuentas import create_empresa, delete_efimera
from core.db import Database
from core.documentos.buscar import Biblioteca
from core.documentos.documentos import Contenido, create_documento
from core.documentos.indexar import Lectores, index_documento
from core.errors import Invalid, NotImplementedYet
from core.mensajes.recibir import Destino, receive_mensaje
from core.mensajes.turnos import TurnoTomado
from core.models import Chat, Empresa, Importacion, Mensaje, Producto, Venta, VentaLinea
from core.ports import Canal, CuentaCanal, Embedder, Tarea
from core.settings import Settings

# PostgreSQL advisory lock: shared by the runs that are alive, exclusive while sweeping.
_CERROJO = 0x4556414C  # "EVAL"
_CHAT = "examen"


class _SinTimbre:
    """core.ports.Cola where nobody listens: the exam itself takes each turn."""

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        return

    def close(self, seconds: float = 0.0) -> None:
        return


def _no_pdf(contenido: bytes) -> list[str]:
    raise NotImplementedYet("El examen lee Markdown.")


def _no_canal(cuenta: CuentaCanal) -> Canal:
    raise NotImplementedYet("El examen no escribe a ningún canal.")


@dataclass
class Examen:
    """What an exam needs: the database, and a catalogue file that each dialogue starts from."""

    db: Database
    settings: Settings
    catalogo: bytes
    nombre_archivo: str = "catalogo.csv"
    # None: by words alone, as on a machine without a model.
    embedder: Embedder | None = None
    significado: Significado | None = None
    # Markdown: what the shop knows beside its productos. None: nothing.
    documentos: bytes | None = None
    motor: Callable[[TurnoTomado], Motor | None] = sin_modelo

    @cached_property
    def buscador(self) -> Buscador:
        return Buscador(self.db, self.significado)

    @cached_property
    def biblioteca(self) -> Biblioteca:
        return Biblioteca(self.db, HABLA, self.significado)

    def run(self, dialogos: Sequence[Dialogo], *, tell: Callable[[Nota], None]) -> list[Nota]:
        """Examine every dialogue; `tell` hears of each as it ends. Leaves nothing behind."""
        notas = []
        with _alone_or_beside(self.db):
            for dialogo in dialogos:
                with self.shop() as shop:
                    nota = examine(dialogo, shop)
                notas.append(nota)
                tell(nota)
        return notas

    @contextmanager
    def shop(self) -> Iterator["_Tienda"]:
        """A fresh empresa with the catalogue in it, gone afterwards."""
        creada = create_empresa(self.db, nombre="Examen", efimera=True)
        try:
            shop = _Tienda(self, creada.empresa_id)
            shop.load()
            yield shop
        finally:
            delete_efimera(self.db, empresa_id=creada.empresa_id)


@contextmanager
def _alone_or_beside(db: Database) -> Iterator[None]:
    """Hold the lock that says a run is alive; sweep first when no other is."""
    connection = db.sistema_engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection as c:
        if c.scalar(text("SELECT pg_try_advisory_lock(:k)"), {"k": _CERROJO}):
            sweep(db)
            c.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": _CERROJO})
        c.execute(text("SELECT pg_advisory_lock_shared(:k)"), {"k": _CERROJO})
        try:
            yield
        finally:
            c.execute(text("SELECT pg_advisory_unlock_shared(:k)"), {"k": _CERROJO})


def sweep(db: Database) -> int:
    """Delete the throw-away empresas that crashed runs left; how many there were."""
    with db.sistema() as session:
        left = session.scalars(select(Empresa.id).where(Empresa.efimera)).all()
    return sum(delete_efimera(db, empresa_id=empresa_id) for empresa_id in left)


class _Tienda:
    """core.agente.examen.Examinado in one throw-away empresa."""

    def __init__(self, examen: Examen, empresa_id: int) -> None:
        self._db = examen.db
        self._examen = examen
        self.empresa_id = empresa_id
        # The exam says itself when a burst is over.
        self._settings = examen.settings.model_copy(update={"ventana_rafaga_ms": 0})
        self._cola = _SinTimbre()
        self._vendedor = Vendedor(
            db=self._db,
            cola=self._cola,
            settings=self._settings,
            canales=_no_canal,
            buscador=examen.buscador,
            worker="examen",
            documentos=examen.biblioteca.de,
            motor=examen.motor,
        )

    def load(self) -> None:
        """Import catalogue and documentos as a shopkeeper would. Raises Invalid when they cannot be
        read."""
        self._load_catalogo()
        if self._examen.documentos is not None:
            self._load_documentos(self._examen.documentos)

    def _load_documentos(self, datos: bytes) -> None:
        nuevo = Contenido("Documentos", "markdown", datos)
        own = self.empresa_id
        with self._db.empresa(own) as session:
            id_ = create_documento(session, self._settings, nuevo, empresa_id=own, actor="examen")
        estado = "sigue"
        while estado == "sigue":
            estado = index_documento(
                self._db,
                self._cola,
                self._settings,
                Lectores(_no_pdf, self._examen.embedder),
                empresa_id=own,
                documento_id=id_,
                worker="examen",
            ).estado
        if estado == "fallido":
            raise Invalid("Los documentos no se pueden leer.")

    def _load_catalogo(self) -> None:
        with self._db.empresa(self.empresa_id) as session:
            importacion_id = create_importacion(
                session,
                empresa_id=self.empresa_id,
                modo="reemplazar",
                nombre_archivo=self._examen.nombre_archivo,
                contenido=self._examen.catalogo,
                actor="examen",
                usuario_id=None,
            )
        estado = "sigue"
        while estado == "sigue":
            estado = import_step(
                self._db,
                self._cola,
                self._settings,
                empresa_id=self.empresa_id,
                importacion_id=importacion_id,
                worker="examen",
            ).estado
        while estado in ("indexando", "sigue"):
            estado = embed_step(
                self._db,
                self._cola,
                self._settings,
                self._examen.embedder,
                empresa_id=self.empresa_id,
                worker="examen",
            ).estado
        with self._db.empresa(self.empresa_id) as session:
            row = session.get_one(Importacion, (self.empresa_id, importacion_id))
            if row.estado != "completada":
                raise Invalid(f"El catálogo no se pudo importar: {row.error or row.estado}")

    def say(self, texto: str, *, id_externo: str, esperar: bool) -> str:
        received = receive_mensaje(
            self._db,
            self._cola,
            self._settings,
            empresa_id=self.empresa_id,
            destino=Destino(chat_id=_CHAT),
            texto=texto,
            id_externo=id_externo,
        )
        if not esperar:
            return ""
        ended = self._vendedor.answer_chat(empresa_id=self.empresa_id, chat_id=received.chat_pk)
        if ended.error is not None:
            raise ended.error
        return self._reply_to(received.mensaje_id)

    def _reply_to(self, mensaje_id: int) -> str:
        """The answer to the turn that the message belonged to, now or when it first came."""
        answered = select(Mensaje.respuesta_id).where(
            Mensaje.empresa_id == self.empresa_id, Mensaje.id == mensaje_id
        )
        with self._db.empresa(self.empresa_id) as session:
            reply = session.scalar(
                select(Mensaje.texto).where(
                    Mensaje.empresa_id == self.empresa_id,
                    Mensaje.id == answered.scalar_subquery(),
                )
            )
        return reply or ""

    def look(self) -> Estado:
        own = self.empresa_id
        with self._db.empresa(own) as session:
            lineas = session.execute(
                select(VentaLinea.sku, VentaLinea.cantidad, VentaLinea.precio_unitario)
                .join(
                    Venta,
                    (Venta.empresa_id == VentaLinea.empresa_id) & (Venta.id == VentaLinea.venta_id),
                )
                .where(VentaLinea.empresa_id == own, Venta.estado == "confirmada")
            ).all()
            registradas = session.scalar(
                select(func.count()).select_from(Venta).where(Venta.empresa_id == own)
            )
            productos = session.execute(
                select(Producto.sku, Producto.nombre, Producto.stock, Producto.precio).where(
                    Producto.empresa_id == own
                )
            ).all()
            chat = session.execute(
                select(Chat.espera_humano, Chat.ia_activa).where(Chat.empresa_id == own)
            ).first()
        return Estado(
            lineas=tuple((sku or "", q, price) for sku, q, price in lineas),
            registradas=registradas or 0,
            stock={p.sku or p.nombre: p.stock for p in productos},
            precios={p.sku or p.nombre: p.precio for p in productos},
            humano=chat is not None and (chat.espera_humano or not chat.ia_activa),
        )


# --- search ------------------------------------------------------------------------------------

_RESULTADOS = 10


def buscar_todo(
    db: Database,
    settings: Settings,
    docs: Sequence[Mapping[str, Any]],
    queries: Sequence[Mapping[str, Any]],
    *,
    embedder: Embedder | None = None,
    significado: Significado | None = None,
) -> dict[str, list[Any]]:
    """Load `docs` ({id, text}) as a throw-away catalogue and run each of `queries` ({qid, query})
    through the search that the seller uses: {qid: the ids found, best first, at most 10}.

    Raises Invalid for entries of another shape. Leaves nothing behind.
    """
    try:
        named = {f"doc-{n}": (d["id"], str(d["text"])) for n, d in enumerate(docs)}
        asked = [(str(q["qid"]), str(q["query"])) for q in queries]
    except (KeyError, TypeError) as e:
        raise Invalid(f"Se esperaban [{{id, text}}] y [{{qid, query}}]: {e!r}") from e
    archivo = _as_csv({sku: text for sku, (_, text) in named.items()})
    examen = Examen(db, settings, archivo, embedder=embedder, significado=significado)
    with _alone_or_beside(db), examen.shop() as shop:
        catalogo = examen.buscador.de(shop.empresa_id)
        return {
            qid: [named[h.producto.sku or ""][0] for h in catalogo.buscar(query, _RESULTADOS)]
            for qid, query in asked
        }


def _as_csv(textos: Mapping[str, str]) -> bytes:
    """A catalogue of those texts; what is too long for a nombre goes on in the descripcion."""
    most = LARGOS["nombre"]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["sku", "nombre", "descripcion", "precio", "stock"])
    for sku, texto in textos.items():
        plain = " ".join(texto.split())
        more = plain[: LARGOS["descripcion"]] if len(plain) > most else ""
        writer.writerow([sku, plain[:most], more, "1", "1"])
    return file.getvalue().encode()


# --- messages ----------------------------------------------------------------------------------

_OFRECIDO = re.compile(r"(\d+(?:[.,]\d+)?) (?:x |× )?([A-ZÁÉÍÓÚÑ][^,$?]*?)(?= a [$\d]|,|\. |$)")
_LISTADO = re.compile(r"\d+\) ([^,;$\n]*)")
_ESPERAS = {
    "offered_quantity": Espera.OFERTA,
    "asked_confirm": Espera.OFERTA,
    "asked_customer_data": Espera.DATOS,
    "listing": Espera.OPCIONES,
}


def leer_contexto(contexto: str, bot: str | None) -> Contexto:
    """What the bot's last words left open, read from the words themselves."""
    espera = _ESPERAS.get(contexto, Espera.NADA)
    said = bot or ""
    if espera is Espera.OFERTA:
        lines = [(n.strip(), Decimal(q.replace(",", "."))) for q, n in _OFRECIDO.findall(said)]
        return Contexto(espera, tuple(lines))
    if espera is Espera.OPCIONES:
        return Contexto(espera, (), tuple(n.strip() for n in _LISTADO.findall(said)))
    return Contexto(espera)


def predecir(mensaje: Mapping[str, Any]) -> dict[str, Any]:
    """What is understood of one labelled line: {id, act, items, datos_cliente, confirma}."""
    try:
        texto, contexto = str(mensaje["texto"]), str(mensaje.get("contexto") or "none")
        leido = leer_contexto(contexto, mensaje.get("bot"))
        turno = entender([texto], leido)
        return {
            "id": mensaje["id"],
            "act": turno.acto.value,
            "items": [
                {
                    "producto": singular(i.producto) if i.producto else None,
                    "cantidad": float(i.cantidad) if i.cantidad is not None else None,
                    "unidad": i.unidad,
                }
                for i in _each(turno, leido)
            ],
            "datos_cliente": dict(turno.datos_cliente),
            "confirma": turno.confirma,
        }
    except (KeyError, TypeError, AttributeError) as e:
        raise Invalid(f"La línea no tiene id y texto: {e!r}") from e


def _each(turno: Turno, contexto: Contexto) -> Sequence[Item]:
    """The items, "uno de cada uno" told one by one."""
    if not turno.todas or any(i.producto for i in turno.items):
        return turno.items
    said = turno.items[0] if turno.items else Item(None)
    return [replace(said, producto=plegar(nombre)) for nombre in contexto.opciones]


def singular(frase: str) -> str:
    """The words as a catalogue names things: "tomacorrientes dobles" → "tomacorriente doble"."""
    return " ".join(_one(w) for w in frase.split())


def _one(word: str) -> str:
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if re.search(r"[aeiou]ces$", word):
        return f"{word[:-3]}z"
    if re.search(r"[aeiou][lrndj]es$", word):
        return word[:-2]
    return word[:-1] if word[-2] in "aeiou" else word
