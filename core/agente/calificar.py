"""Scores what was understood of labelled messages: acts, items, the customer's data, and yeses.

A line's `gold` may label a part only; what it leaves out is not scored.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.agente.comprension import Acto
from core.catalogo.texto import fold, terms
from core.errors import Invalid, explain

# After these words of the bot a wrong yes sells.
_VENDERIA = frozenset({"offered_quantity", "asked_confirm"})
CONTEXTOS = frozenset({"none", "asked_customer_data", "listing"}) | _VENDERIA


class _Leido(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class ItemDorado(_Leido):
    """producto null: "those". cantidad null: none was said."""

    producto: str | None = None
    cantidad: float | None = None
    unidad: str | None = None


class Dorado(_Leido):
    """confirma null: either is right."""

    act: Acto
    act_alt: list[Acto] = []
    items: list[ItemDorado] | None = None
    datos_cliente: dict[str, str] | None = None
    confirma: bool | None = None


class MensajeLeido(_Leido):
    """One line of the file."""

    id: str | int
    texto: str
    contexto: str | None = None
    bot: str | None = None
    gold: Any = None


@dataclass
class Cuenta:
    """Right, claimed for nothing, and left out; f1 is None where there was nothing to find."""

    bien: int = 0
    sobran: int = 0
    faltan: int = 0

    @property
    def f1(self) -> float | None:
        all_of_it = 2 * self.bien + self.sobran + self.faltan
        return 2 * self.bien / all_of_it if all_of_it else None


@dataclass
class Calificacion:
    """falsas, perdidas: (how many, of how many). por_acto: gold act → (right, of how many).
    fallas: one line for a person each."""

    n: int = 0
    exactos: int = 0
    con_alternativas: int = 0
    items: Cuenta = field(default_factory=Cuenta)
    datos: Cuenta = field(default_factory=Cuenta)
    falsas: tuple[int, int] = (0, 0)
    perdidas: tuple[int, int] = (0, 0)
    por_acto: dict[str, tuple[int, int]] = field(default_factory=dict)
    fallas: list[str] = field(default_factory=list)

    def add(self, mensaje: MensajeLeido, dorado: Dorado, leido: Mapping[str, Any]) -> None:
        """Count one message; `leido` is what `predecir` says of it."""
        self.n += 1
        wrong = [
            *self._add_act(dorado, leido["act"]),
            *self._add_items(dorado, leido["items"]),
            *self._add_datos(dorado, leido["datos_cliente"]),
            *self._add_confirma(mensaje, dorado, bool(leido["confirma"])),
        ]
        if wrong:
            self.fallas.append(f"{mensaje.id} «{mensaje.texto}»: {'; '.join(wrong)}")

    def _add_act(self, dorado: Dorado, act: str) -> list[str]:
        right = act == dorado.act or act in dorado.act_alt
        self.exactos += act == dorado.act
        self.con_alternativas += right
        before, of = self.por_acto.get(dorado.act, (0, 0))
        self.por_acto[dorado.act.value] = (before + right, of + 1)
        return [] if right else [f"entendió {act}, era {dorado.act}"]

    def _add_items(self, dorado: Dorado, items: Sequence[Mapping[str, Any]]) -> list[str]:
        if dorado.items is None:
            return []
        left = list(items)
        missing = []
        for wanted in dorado.items:
            found = next((i for i in left if _same_item(wanted, i)), None)
            if found is None:
                missing.append(wanted)
            else:
                left.remove(found)
        self.items.bien += len(dorado.items) - len(missing)
        self.items.faltan += len(missing)
        self.items.sobran += len(left)
        return [
            *(f"faltó {_said(i.cantidad, i.producto)}" for i in missing),
            *(f"sobró {_said(i.get('cantidad'), i.get('producto'))}" for i in left),
        ]

    def _add_datos(self, dorado: Dorado, datos: Mapping[str, str]) -> list[str]:
        if dorado.datos_cliente is None:
            return []
        wanted = {k: _plain(v) for k, v in dorado.datos_cliente.items()}
        given = {k: _plain(v) for k, v in datos.items() if v}
        right = {k for k in wanted if given.get(k) == wanted[k]}
        self.datos.bien += len(right)
        self.datos.faltan += len(wanted.keys() - right)
        self.datos.sobran += len(given.keys() - right)
        return [f"datos: {k}" for k in sorted((wanted.keys() | given.keys()) - right)]

    def _add_confirma(self, mensaje: MensajeLeido, dorado: Dorado, confirma: bool) -> list[str]:
        if dorado.confirma is True:
            self.perdidas = (self.perdidas[0] + (not confirma), self.perdidas[1] + 1)
            return [] if confirma else ["no lo tomó por un sí"]
        if dorado.confirma is False and mensaje.contexto in _VENDERIA:
            self.falsas = (self.falsas[0] + confirma, self.falsas[1] + 1)
            return ["lo tomó por un sí"] if confirma else []
        return []

    def lines(self) -> list[str]:
        """For a person, the whole first."""
        said = [
            f"actos bien           {_share(self.con_alternativas, self.n)}",
            f"  sin alternativas   {_share(self.exactos, self.n)}",
            f"productos F1         {_f1(self.items)}",
            f"datos F1             {_f1(self.datos)}",
            f"síes de más          {self.falsas[0]} de {self.falsas[1]}",
            f"síes perdidos        {self.perdidas[0]} de {self.perdidas[1]}",
        ]
        acts = sorted(self.por_acto.items(), key=lambda x: -x[1][1])
        return said + [f"  {act:<18} {right} de {of}" for act, (right, of) in acts]


def read_mensaje(leido: Any) -> MensajeLeido:
    """One parsed line. Raises Invalid that names the field."""
    try:
        return MensajeLeido.model_validate(leido)
    except ValidationError as e:
        raise Invalid(_complaint(e)) from e


def read_dorado(mensaje: MensajeLeido) -> Dorado | None:
    """Its label, None where it has none. Raises Invalid that names the field."""
    if mensaje.gold is None:
        return None
    try:
        return Dorado.model_validate(mensaje.gold)
    except ValidationError as e:
        raise Invalid(f"gold: {_complaint(e)}") from e


def _complaint(failure: ValidationError) -> str:
    said = dict.fromkeys(
        (".".join(str(x) for x in p["loc"] if x not in ("str", "int")), explain(p))
        for p in failure.errors()
    )
    return "; ".join(f"{where}: {what}" if where else what for where, what in said)


def _same_item(wanted: ItemDorado, given: Mapping[str, Any]) -> bool:
    """The quantity exactly, and at least half of the label's words: people add and leave out."""
    cantidad = given.get("cantidad")
    if (wanted.cantidad is None) != (cantidad is None):
        return False
    if cantidad is not None and abs(float(cantidad) - (wanted.cantidad or 0)) > 1e-6:
        return False
    if not wanted.producto:
        return True
    words = Counter(map(str, terms(wanted.producto)))
    found = words & Counter(map(str, terms(str(given.get("producto") or ""))))
    return 2 * found.total() >= words.total()


def _plain(value: str) -> str:
    return re.sub(r"\W", "", fold(value))


def _said(cantidad: float | None, producto: str | None) -> str:
    return f"{'' if cantidad is None else f'{cantidad:g} '}«{producto or 'eso'}»"


def _share(right: int, of: int) -> str:
    return f"{right / of:.4f}  ({right} de {of})" if of else "—"


def _f1(cuenta: Cuenta) -> str:
    return "—" if cuenta.f1 is None else f"{cuenta.f1:.4f}"
