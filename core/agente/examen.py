"""The exam of a seller: scripted dialogues, what each must leave behind, and how that is scored.

Pure: whoever is examined is behind `Examinado`. A dialogue passes when its end state is right, no
sale happened on a turn that forbids one, and nothing forbidden was said.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from core.agente.guion import AutoLeido, DialogoLeido, FinalLeido, FraseLeida, read_guion
from core.catalogo.texto import fold

_CIFRA = re.compile(r"\d[\d.,]*")
_EN_LETRAS = {
    palabra: n
    for n, palabra in enumerate("cero un dos tres cuatro cinco seis siete ocho nueve diez".split())
}
# What a reply is taken to ask for, so that the script's automatic answer fits it.
_PIDE_CONFIRMAR = re.compile(
    r"confirm|deseas? llevar|registr[ao] (?:la|tu)|te parece|procedo|\bcorrecto\?"
)
_PIDE_DATOS = re.compile(
    r"\b(?:tu|su) (?:nombre|telefono|direccion|cedula|documento|correo)|datos de contacto"
    r"|a nombre de quien"
)
_PIDE_ACLARAR = re.compile(r"\bcual(?:es)?\b|a cual te refieres|especific|opciones")
_YA_DA_DATOS = re.compile(r"rut|calle")


@dataclass(frozen=True)
class Estado:
    """What there is after a turn. lineas: (sku, cantidad, precio_unitario) of sales in force;
    registradas: sales ever made, cancelled ones included."""

    lineas: tuple[tuple[str, Decimal, Decimal], ...]
    registradas: int
    stock: Mapping[str, Decimal]
    precios: Mapping[str, Decimal]
    humano: bool


class Examinado(Protocol):
    """One seller in one fresh shop."""

    def say(self, texto: str, *, id_externo: str, esperar: bool) -> str:
        """The reply; "" with esperar=False, when the answer comes with the next message. The same
        id_externo is a redelivery."""
        ...

    def look(self) -> Estado: ...


@dataclass(frozen=True)
class Frase:
    cliente: str
    rapido: bool = False
    repetido: bool = False
    contiene: tuple[str | int, ...] = ()
    alguno: tuple[tuple[str | int, ...], ...] = ()
    prohibido: tuple[str | int, ...] = ()
    venta_permitida: bool = True


@dataclass(frozen=True)
class Final:
    """ventas: sku → cantidad. humano None: either."""

    ventas: Mapping[str, Decimal]
    humano: bool | None = None


@dataclass(frozen=True)
class Dialogo:
    id: str
    tema: str
    frases: tuple[Frase, ...]
    final: Final
    alternativas: tuple[Final, ...]
    max_ventas: int
    si_datos: str = "Juan Pérez, 3001234567"
    si_aclarar: str | None = None
    si_confirmar: str = "sí"
    max_extra: int = 3


@dataclass
class Nota:
    """How one dialogue went. `dichos`: (customer, reply) in order."""

    dialogo: Dialogo
    estado_bien: bool = False
    prematuras: list[str] = field(default_factory=list)
    prohibidos: list[str] = field(default_factory=list)
    # What the file expects and the catalogue has not: nothing could be right, and nothing is asked.
    desconocidos: list[str] = field(default_factory=list)
    hechos: int = 0
    hechos_total: int = 0
    vendido: Mapping[str, Decimal] = field(default_factory=dict)
    dichos: list[tuple[str, str]] = field(default_factory=list)

    @property
    def bien(self) -> bool:
        return self.estado_bien and not self.prematuras and not self.prohibidos

    def line(self) -> str:
        """One line for a person: what went wrong."""
        wrong = [f"el archivo espera «{s}», que no está en el catálogo" for s in self.desconocidos]
        if not self.estado_bien and not self.desconocidos:
            wanted = _write(self.dialogo.final.ventas)
            wrong.append(f"quedó {_write(self.vendido)}, se esperaba {wanted}")
        wrong += [f"venta prematura en «{t}»" for t in self.prematuras]
        wrong += [f"dijo «{p}»" for p in self.prohibidos]
        return f"{f'{self.dialogo.id} {self.dialogo.tema}'.strip()}: {'; '.join(wrong)}"


def read_dialogos(leido: Any) -> list[Dialogo]:
    """The dialogues of a parsed YAML. Raises Invalid that says which entry and field is wrong."""
    return [_dialogo(d) for d in read_guion(leido)]


def examine(dialogo: Dialogo, examinado: Examinado) -> Nota:
    """Play one dialogue to its end and score what it left."""
    return _Partida(dialogo, examinado).play()


class _Partida:
    def __init__(self, dialogo: Dialogo, examinado: Examinado) -> None:
        self._d = dialogo
        self._examinado = examinado
        self._nota = Nota(dialogo)
        self._mensaje = 0
        self._extra = 0

    def play(self) -> Nota:
        before = self._examinado.look()
        finals = (self._d.final, *self._d.alternativas)
        wanted = dict.fromkeys(sku for final in finals for sku in final.ventas)
        self._nota.desconocidos = [sku for sku in wanted if sku not in before.stock]
        if self._nota.desconocidos:
            return self._nota
        sold, last = before.registradas, ""
        for i, frase in enumerate(self._d.frases):
            last = self._say(frase.cliente, esperar=not frase.rapido, repetido=frase.repetido)
            heard, last = self._answer_questions(i, last, sold)
            self._check_words(frase, heard)
            now = self._examinado.look().registradas
            if not frase.venta_permitida and now > sold:
                self._nota.prematuras.append(frase.cliente)
            sold = now
        self._insist(last)
        self._check_end(before, self._examinado.look())
        return self._nota

    def _say(self, texto: str, *, esperar: bool = True, repetido: bool = False) -> str:
        self._mensaje += not repetido
        id_externo = f"{self._d.id}-{self._mensaje}"
        reply = self._examinado.say(texto, id_externo=id_externo, esperar=esperar)
        self._nota.dichos.append((texto, reply))
        return reply

    def _answer_questions(self, i: int, last: str, sold: int) -> tuple[str, str]:
        """The script's own answers while the reply asks for something; (all heard, the last)."""
        heard = last
        while self._extra < self._d.max_extra:
            answer = self._automatic(i, fold(last), sold)
            if answer is None:
                break
            last = self._say(answer)
            self._extra += 1
            heard += f"\n{last}"
        return heard, last

    def _automatic(self, i: int, last: str, sold: int) -> str | None:
        clarify = self._d.si_aclarar
        said = any(texto == clarify for texto, _ in self._nota.dichos)
        asks_which = bool(_PIDE_ACLARAR.search(last))
        if clarify and asks_which and not said and self._examinado.look().registradas == sold:
            return clarify
        following = self._d.frases[i + 1].cliente if i + 1 < len(self._d.frases) else ""
        if _PIDE_DATOS.search(last) and not _YA_DA_DATOS.search(fold(following)):
            return self._d.si_datos
        return None

    def _insist(self, last: str) -> None:
        """A sale is wanted and the seller still asks: answer as the script says."""
        while self._extra < self._d.max_extra and self._d.final.ventas:
            folded = fold(last)
            data = bool(_PIDE_DATOS.search(folded))
            if self._examinado.look().lineas or not (data or _PIDE_CONFIRMAR.search(folded)):
                return
            last = self._say(self._d.si_datos if data else self._d.si_confirmar)
            self._extra += 1

    def _check_words(self, frase: Frase, heard: str) -> None:
        nota = self._nota
        nota.hechos += sum(_says(heard, fact) for fact in frase.contiene)
        nota.hechos_total += len(frase.contiene) + bool(frase.alguno)
        if frase.alguno:
            nota.hechos += any(all(_says(heard, f) for f in group) for group in frase.alguno)
        nota.prohibidos += [str(f) for f in frase.prohibido if _says(heard, f)]

    def _check_end(self, before: Estado, after: Estado) -> None:
        sold: Counter[str] = Counter()
        for sku, cantidad, _ in after.lineas:
            sold[sku] += cantidad  # type: ignore[assignment]  # Counter adds any number
        got = {sku: Decimal(q) for sku, q in sold.items()}
        self._nota.vendido = got
        finals = (self._d.final, *self._d.alternativas)
        right = any(got == f.ventas and f.humano in (None, after.humano) for f in finals)
        stock = all(
            after.stock.get(sku) == q - got.get(sku, Decimal(0)) and after.stock[sku] >= 0
            for sku, q in before.stock.items()
        )
        prices = all(round(price) == round(before.precios[sku]) for sku, _, price in after.lineas)
        times = bool(self._d.alternativas) or not self._d.final.ventas
        times = times or after.registradas <= self._d.max_ventas
        self._nota.estado_bien = right and stock and prices and times


def _says(heard: str, fact: str | int) -> bool:
    if isinstance(fact, int):
        return fact in _figures(fold(heard))
    return fold(fact) in fold(heard)


def _figures(folded: str) -> set[int]:
    """Whole parts of the figures in a text, however they are grouped; small ones in words too."""
    found = {n for word, n in _EN_LETRAS.items() if re.search(rf"\b{word}\b", folded)}
    for match in _CIFRA.finditer(folded):
        written = match.group().rstrip(".,")
        whole = re.sub(r"[.,]\d{1,2}$", "", written)
        digits = re.sub(r"[.,]", "", whole)
        if digits:
            found.add(int(digits))
    return found


# --- the file ----------------------------------------------------------------------------------


def _dialogo(d: DialogoLeido) -> Dialogo:
    auto = d.auto or AutoLeido()
    given = {
        "si_datos": auto.si_pide_datos,
        "si_aclarar": auto.si_pide_aclarar,
        "si_confirmar": auto.si_pide_confirmar_al_final,
        "max_extra": auto.max_extra,
    }
    return Dialogo(
        id=d.id,
        tema=", ".join(d.tema or ()),
        frases=tuple(_frase(t) for t in d.turnos),
        final=_final(d.esperado),
        alternativas=tuple(_final(a) for a in d.esperado.alternativas or ()),
        max_ventas=d.esperado.max_ventas_registradas,
        **{k: v for k, v in given.items() if v is not None},  # type: ignore[arg-type]
    )


def _frase(t: FraseLeida) -> Frase:
    return Frase(
        cliente=t.cliente,
        rapido=bool(t.rapido),
        repetido=bool(t.mismo_message_id),
        contiene=tuple(t.debe_contener or ()),
        alguno=tuple(tuple(g) for g in t.debe_contener_alguno or ()),
        prohibido=tuple(t.no_debe_contener or ()),
        venta_permitida=t.venta_permitida is not False,
    )


def _final(esperado: FinalLeido) -> Final:
    total: dict[str, Decimal] = {}
    for venta in esperado.ventas:
        total[venta.sku] = total.get(venta.sku, Decimal(0)) + venta.cantidad
    return Final(total, esperado.humano)


def _write(ventas: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{q.normalize():f} × {sku}" for sku, q in ventas.items()) or "nada vendido"


def summary(notas: Sequence[Nota]) -> str:
    return f"PASS {sum(n.bien for n in notas)}/{len(notas)}"
