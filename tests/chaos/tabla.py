"""What a person reads at the end."""

from collections.abc import Callable, Sequence

from tests.chaos.experimentos import Informe
from tests.chaos.mutaciones import Hallado

Say = Callable[[str], None]


def print_informes(informes: Sequence[Informe], say: Say) -> None:
    head = (
        *(
            "experimento",
            "golpes",
            "tomados",
            "retomados",
            "acusados",
            "dupl.",
            "rehechos",
            "cercados",
        ),
        *("sin acuse", "ventas", "entrada p95", "drenaje s", "calma s", "resultado"),
    )
    print_table(head, [_row(i) for i in informes], say)
    for i in informes:
        if i.nulo:
            say(f"NULO {i.nombre}: {i.nulo}")
        for falta in i.faltas[:20]:
            say(f"FALTA {i.nombre}: {falta.regla}: {falta.detalle}")


def print_hallados(hallados: Sequence[Hallado], say: Say) -> None:
    head = ("sin esta defensa", "tomados", "acusados", "ventas", "promesas rotas", "resultado")
    print_table(head, [_found(h) for h in hallados], say)
    for h in hallados:
        for falta in [f for f in h.informe.faltas if f.regla in h.mutacion.se_nota][:2]:
            say(f"  {h.mutacion.nombre}: {falta.regla}: {falta.detalle}")


def _found(h: Hallado) -> tuple[str, ...]:
    return (
        h.mutacion.nombre,
        "+".join(str(len(g.tomados)) for g in h.informe.golpes) or "0",
        str(h.informe.acusados),
        str(h.informe.ventas),
        ", ".join(h.rotas) or "ninguna",
        "se nota" if h.notada else "NO SE NOTA",
    )


def _row(i: Informe) -> tuple[str, ...]:
    drained = [g.drenaje for g in i.golpes if g.drenaje is not None]
    if not i.golpes:
        drain = "–"
    elif len(drained) < len(i.golpes):
        drain = "nunca"
    else:
        drain = f"{sorted(drained)[len(drained) // 2]:.1f} ≤ {max(drained):.1f}"
    return (
        i.nombre,
        str(len(i.golpes)),
        "+".join(str(len(g.tomados)) for g in i.golpes) or "0",
        str(sum(g.retomados for g in i.golpes)),
        str(i.turnos_de_mas),
        str(i.cercados),
        str(i.acusados),
        str(i.duplicados),
        str(i.fallos),
        str(i.ventas),
        f"{i.entrada_p95 * 1000:.0f} ms",
        drain,
        "nunca" if i.calma is None else f"{i.calma:.1f}",
        i.resultado,
    )


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], say: Say) -> None:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, ["-" * w for w in widths], *rows):
        say("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |")
