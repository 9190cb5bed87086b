"""Stand-ins that hold state, one per Protocol of core/ports/. No patching anywhere."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

from core.agente.modelo.cuaderno import Recuerdo
from core.catalogo.texto import Medida, Termino, fold, terms
from core.errors import ArchivoIlegible, CredencialesIlegibles, EnvioRechazado, TooLarge
from core.ports import (
    Carta,
    CuentaCanal,
    Entrante,
    Hallazgo,
    ImagenLimpia,
    Medio,
    Pasaje,
    Peticion,
    Plantilla,
    ProductoVisto,
    RespuestaModelo,
    Tarea,
    Tecla,
    Vector,
)


@dataclass
class ColaEnMemoria:
    """Bells as (tarea, ids), in the order they were rung."""

    timbres: list[tuple[Tarea, dict[str, int]]] = field(default_factory=list)

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        self.timbres.append((tarea, ids))

    def close(self, timeout: float = 2.0) -> None:
        """Nothing waits here."""


@dataclass
class ClavesRapidas:
    """core.ports.Claves in microseconds; remembers what it was asked to verify against."""

    vistas: list[str | None] = field(default_factory=list)

    def hash(self, clave: str) -> str:
        sal = str(len(self.vistas))
        return f"{sal}${hashlib.sha256((sal + clave).encode()).hexdigest()}"

    def verify(self, clave: str, guardada: str | None) -> bool:
        self.vistas.append(guardada)
        if guardada is None:
            return False
        sal, _, resto = guardada.partition("$")
        return resto == hashlib.sha256((sal + clave).encode()).hexdigest()


@dataclass
class CanalDePapel:
    """core.ports.Canal on a list. `fallas` holds what the next sends raise, None for nothing;
    with `acepta_antes` a failing send is on the list all the same, as when an answer is lost."""

    enviados: list[tuple[str, str]] = field(default_factory=list)
    fallas: list[Exception | None] = field(default_factory=list)
    acepta_antes: bool = False
    max_caracteres: int = 4096
    webhook: str | None = None
    teclas: list[Sequence[Tecla]] = field(default_factory=list)
    escribiendo: list[str] = field(default_factory=list)
    medios: dict[str, bytes] = field(default_factory=dict)
    # What the next fetches raise, None for nothing; and the ids that were asked for.
    fallas_de_medios: list[Exception | None] = field(default_factory=list)
    pedidos: list[str] = field(default_factory=list)

    def abrir(self, cuenta: CuentaCanal) -> "CanalDePapel":
        """core.ports.AbrirCanal: every row's adapter is this one."""
        return self

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        texto = crudo.get("texto")
        boton, medio = crudo.get("boton"), crudo.get("medio")
        if medio is not None:
            return Entrante(texto or "", tipo=medio["tipo"], medio=Medio(**medio))
        if not isinstance(texto, str):
            return None
        inicio, responde_a = crudo.get("inicio"), crudo.get("responde_a")
        tipo = crudo.get("tipo", "texto")
        return Entrante(texto, tipo=tipo, boton=boton, inicio=inicio, responde_a=responde_a)

    def send(
        self,
        externo: str,
        texto: str,
        teclas: Sequence[Tecla] = (),
        *,
        referencia: str = "",
        plantilla: Plantilla | None = None,
    ) -> str:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is None or self.acepta_antes:
            self.enviados.append((externo, texto))
            self.teclas.append(teclas)
        if falla is not None:
            raise falla
        return f"papel:{len(self.enviados)}"

    def show_escribiendo(self, externo: str, id_externo: str | None) -> None:
        self.escribiendo.append(externo)

    def fetch(self, medio: Medio, *, max_bytes: int, segundos: float) -> bytes:
        self.pedidos.append(medio.id)
        falla = self.fallas_de_medios.pop(0) if self.fallas_de_medios else None
        if falla is not None:
            raise falla
        if medio.id not in self.medios:
            raise EnvioRechazado("No está.")
        if len(self.medios[medio.id]) > max_bytes:
            raise TooLarge("Demasiado grande.")
        return self.medios[medio.id]

    def check(self, *, webhook_url: str | None) -> str:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is not None:
            raise falla
        self.webhook = webhook_url
        return "papel"


@dataclass
class LimpiadorDePapel:
    """core.ports.LimpiarImagen that draws nothing: a picture whose first bytes are one's and which
    is longer than a line comes back as so small a JPEG. `fallas`: what the next calls raise."""

    fallas: list[Exception | None] = field(default_factory=list)
    vistas: int = 0

    def __call__(self, contenido: bytes, *, segundos: float) -> ImagenLimpia:
        self.vistas += 1
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is not None:
            raise falla
        if len(contenido) < 80:
            raise ArchivoIlegible("No es una foto.")
        return ImagenLimpia(b"\xff\xd8\xff" + hashlib.sha256(contenido).digest(), 4, 3)


@dataclass
class CorreoDePapel:
    """core.ports.Correo on a list. `fallas` holds what the next sends raise, None for nothing; with
    `acepta_antes` a failing letter has left all the same."""

    cartas: list[Carta] = field(default_factory=list)
    fallas: list[Exception | None] = field(default_factory=list)
    acepta_antes: bool = False

    def send(self, carta: Carta) -> str:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is None or self.acepta_antes:
            self.cartas.append(carta)
        if falla is not None:
            raise falla
        return f"<{carta.id}@papel>"


@dataclass
class CifradoDePapel:
    """core.ports.Cifrado as an envelope with a number; the letters stay here."""

    cartas: dict[bytes, tuple[int, str, dict[str, Any]]] = field(default_factory=dict)

    def encrypt(self, datos: dict[str, Any], *, empresa_id: int, clave: str) -> bytes:
        sobre = b"sobre %d" % len(self.cartas)
        self.cartas[sobre] = (empresa_id, clave, dict(datos))
        return sobre

    def decrypt(self, cifrado: bytes, *, empresa_id: int, clave: str) -> dict[str, Any]:
        de, para, datos = self.cartas.get(cifrado, (0, "", {}))
        if (de, para) != (empresa_id, clave):
            raise CredencialesIlegibles("Las credenciales no se pueden leer.")
        return datos


@dataclass
class MetricasEnMemoria:
    """core.ports.Metricas in a Counter: (what, its labels in alphabetical order) → how often."""

    cuentas: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def mensaje_recibido(self, *, canal: str) -> None:
        self.cuentas["mensajes_recibidos", canal] += 1

    def turno(self, *, resultado: str, motor: str, segundos: float) -> None:
        self.cuentas["turnos", motor, resultado] += 1

    def entrega(self, *, canal: str, resultado: str) -> None:
        self.cuentas["entregas", canal, resultado] += 1

    def filas_importadas(self, n: int, *, resultado: str) -> None:
        if n:
            self.cuentas["importacion_filas", resultado] += n

    def campana_perdida(self, *, tarea: str) -> None:
        self.cuentas["campanas_perdidas", tarea] += 1

    def llamada_modelo(
        self, *, paso: str, resultado: str, tokens_entrada: int, tokens_salida: int
    ) -> None:
        self.cuentas["modelo_llamadas", paso, resultado] += 1
        self.cuentas["modelo_tokens", "entrada"] += tokens_entrada
        self.cuentas["modelo_tokens", "salida"] += tokens_salida

    def peticion(self, *, metodo: str, ruta: str, estado: int, segundos: float) -> None:
        self.cuentas["http_peticiones", str(estado), metodo, ruta] += 1


@cache
def _read(texto: str) -> tuple[Termino, ...]:
    return tuple(terms(texto))


@dataclass
class CatalogoDePapel:
    """core.ports.Catalogo over a list: a producto's score is the share of the words and sizes asked
    for that its name or brand has, less where the thing asked for is not the thing itself."""

    productos: list[ProductoVisto] = field(default_factory=list)

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        asked = [t for t in terms(texto) if isinstance(t, Medida) or t.isalpha()]
        found = [self._judge(asked, p) for p in self.productos] if asked else []
        best = sorted(found, key=lambda h: (-h.puntaje, h.producto.id))
        return [h for h in best if h.puntaje >= 0.15][:n]

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        return {p.id: p for p in self.productos if p.id in set(ids)}

    def cambiar(self, id_: int, **campos: Any) -> None:
        """Another hand edits the row: a price, a stock."""
        self.productos = [replace(p, **campos) if p.id == id_ else p for p in self.productos]

    @staticmethod
    def _judge(asked: list[Any], p: ProductoVisto) -> Hallazgo:
        own = _read(f"{p.nombre} {p.marca}")
        words = {t.rstrip("ao") for t in own if isinstance(t, str)}
        sizes = {t.numero for t in own if isinstance(t, Medida)}
        hits = sum(
            (t.rstrip("ao") in words) if isinstance(t, str) else t.numero in sizes for t in asked
        )
        head = next((t for t in asked if isinstance(t, str)), None)
        share = hits / len(asked) * (1.0 if head is None or head in own[:1] else 0.8)
        other = any(isinstance(t, Medida) and t.numero not in sizes for t in asked)
        return Hallazgo(p, round(share, 4), "otra medida" if other else "nombre")


@dataclass
class DocumentosDePapel:
    """core.ports.Documentos over a list of texts: a pasaje's score is the share of the long words
    asked for whose beginning it has."""

    textos: list[str] = field(default_factory=list)

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        asked = [w[:5] for w in fold(texto).replace("?", " ").split() if len(w) > 4]
        found = [
            Pasaje(k, 1, "Sobre la tienda", t, sum(w in fold(t) for w in asked) / len(asked))
            for k, t in enumerate(self.textos, 1)
            if asked
        ]
        best = sorted(found, key=lambda p: (-p.puntaje, p.id))
        return [p for p in best if p.puntaje > 0][:n]


@dataclass
class EmbedderDePapel:
    """core.ports.Embedder of 512 numbers: texts that share words are near, and a word is another
    where `iguales` says so. `pedidos` holds every text it was asked for, `fallas` what the next
    calls raise, None for nothing."""

    modelo: str = "papel:1"
    lote: int = 4
    iguales: dict[str, str] = field(default_factory=dict)
    pedidos: list[str] = field(default_factory=list)
    fallas: list[Exception | None] = field(default_factory=list)

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is not None:
            raise falla
        if not consulta:
            self.pedidos += textos
        return [self.vector(t) for t in textos]

    def vector(self, texto: str) -> Vector:
        import numpy as np  # here: the web is tested with these fakes, and must not load it

        row = np.full(512, 0.001)
        for word in texto.casefold().replace(".", " ").split():
            word = self.iguales.get(word, word)
            row[int.from_bytes(hashlib.sha256(word.encode()).digest()[:2]) % 512] += 1
        return (row / np.linalg.norm(row)).astype("<f2").tobytes()


@dataclass
class ModeloDePapel:
    """core.ports.Modelo from a list: words, what becomes the datos, or the error of each call.
    `pedidos` holds what it was asked."""

    respuestas: list[Any] = field(default_factory=list)
    nombre: str = "papel"
    pedidos: list[Peticion] = field(default_factory=list)

    def ask(self, peticion: Peticion, *, segundos: float) -> RespuestaModelo:
        self.pedidos.append(peticion)
        said = self.respuestas.pop(0)
        if isinstance(said, Exception):
            raise said
        if peticion.forma is None:
            return RespuestaModelo(self.nombre, said, None, 100, 10)
        datos = peticion.forma.model_validate(said).model_dump(mode="json")
        return RespuestaModelo(self.nombre, "", datos, 100, 10)


@dataclass
class TranscriptorDePapel:
    """core.ports.Transcriptor from a list: the words, or the error, of each call; or by content in
    `palabras`, for those that are asked at once. `pedidos` holds (mime, content)."""

    respuestas: list[Any] = field(default_factory=list)
    nombre: str = "oido"
    palabras: dict[bytes, str] = field(default_factory=dict)
    pedidos: list[tuple[str, bytes]] = field(default_factory=list)

    def transcribe(self, audio: bytes, *, mime: str, segundos: float) -> RespuestaModelo:
        self.pedidos.append((mime, audio))
        said = self.palabras[audio] if audio in self.palabras else self.respuestas.pop(0)
        if isinstance(said, Exception):
            raise said
        return RespuestaModelo(self.nombre, said, None, 100, 10)


@dataclass
class CuadernoDePapel:
    """core.agente.modelo.cuaderno.Cuaderno in a dict; `puede` False is a cap that is reached."""

    puede: bool = True
    guardadas: dict[tuple[str, str], RespuestaModelo] = field(default_factory=dict)
    gastado: Decimal = Decimal(0)

    def recall(self, paso: str, huella: str) -> Recuerdo:
        return Recuerdo(self.guardadas.get((paso, huella)), self.puede)

    def keep(
        self, paso: str, huella: str, respuesta: RespuestaModelo, costo: Decimal
    ) -> RespuestaModelo:
        self.gastado += costo
        return self.guardadas.setdefault((paso, huella), respuesta)
