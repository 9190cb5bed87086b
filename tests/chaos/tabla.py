"""What a person reads at the end."""

from collections.abc import Callable, Sequence

from tests.chaos.experimentos import Informe
from tests.chaos.mutaciones import Hallado

Say = Callable[[str], None]


def _hits(i: Informe) -> str:
    """Rows leased at the moment of each blow."""
    hits = [len(g.tomados) + len(g.trabajos) for g in i.golpes]
    if len(hits) > 5:
        return str(sum(hits))
    return "+".join(map(str, hits)) or "0"


def _drain(i: Informe) -> str:
    drained = sorted(g.drenaje for g in i.golpes if g.drenaje is not None)
    if len(drained) < max(1, len(i.golpes)):
        return "nunca"
    return f"{drained[len(drained) // 2]:.1f} ≤ {drained[-1]:.1f}"


_COLUMNS: dict[str, Callable[[Informe], str]] = {
    "experimento": lambda i: i.nombre,
    "golpes": lambda i: str(len(i.golpes)),
    "tomados": _hits,
    "retomados": lambda i: str(sum(g.retomados for g in i.golpes)),
    "rehechos": lambda i: str(i.turnos_de_mas),
    "cercados": lambda i: str(i.cercados),
    "acusados": lambda i: str(i.acusados),
    "repetidos": lambda i: str(i.duplicados),
    "sin acuse": lambda i: str(i.fallos),
    "ventas": lambda i: str(i.ventas),
    "pedido/había": lambda i: f"{i.unidades[0]}/{i.unidades[1]}",
    "entrada p95": lambda i: f"{i.entrada_p95 * 1000:.0f} ms",
    "drenaje s": _drain,
    "resultado": lambda i: i.resultado,
}

_FOUND: dict[str, Callable[[Hallado], str]] = {
    "sin esta defensa": lambda h: h.mutacion.nombre,
    "tomados": lambda h: _hits(h.informe),
    "acusados": lambda h: str(h.informe.acusados),
    "ventas": lambda h: str(h.informe.ventas),
    "promesas rotas": lambda h: ", ".join(h.rotas) or "ninguna",
    "resultado": lambda h: "se nota" if h.notada else "NO SE NOTA",
}


def print_informes(informes: Sequence[Informe], say: Say) -> None:
    """One row each, then why those that did not pass did not."""
    rows = [[show(i) for show in _COLUMNS.values()] for i in informes]
    print_table(list(_COLUMNS), rows, say)
    for i in informes:
        if i.nulo:
            say(f"NULO {i.nombre}: {i.nulo}")
        for falta in i.faltas[:20]:
            say(f"FALTA {i.nombre}: {falta.regla}: {falta.detalle}")


def print_hallados(hallados: Sequence[Hallado], say: Say) -> None:
    """One row each, then an example of what was noticed."""
    rows = [[show(h) for show in _FOUND.values()] for h in hallados]
    print_table(list(_FOUND), rows, say)
    for h in hallados:
        for falta in [f for f in h.informe.faltas if f.regla in h.mutacion.se_nota][:1]:
            say(f"  {h.mutacion.nombre}: {falta.regla}: {falta.detalle}")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], say: Say) -> None:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, ["-" * w for w in widths], *rows):
        say("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |")
