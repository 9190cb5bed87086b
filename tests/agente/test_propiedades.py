"""Whatever customers write, in whatever order: P3 and P8 hold."""

import re
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.agente.comprension import Acto
from core.agente.decidir import contexto_de, decidir
from core.agente.entender import entender
from core.agente.estado import Memoria
from core.agente.permitir import ids_de, permitir
from core.agente.verificar import verificar
from tests.agente.mostrador import Mostrador

_SI = ["sí", "dale", "confirmo", "listo, hágale", "los llevo", "ok", "va"]
_COSAS = [
    "martillos", "brochas de 2", "carretillas", "codos de 1/2", "cemento gris", "ladrillos",
    "guantes de cuero", "clavos de 3", "manguera reforzada", "unicornios", "martillo de bola",
]  # fmt: skip
_PIDE = st.builds(
    lambda verb, n, thing: f"{verb} {n} {thing}",
    st.sampled_from(["quiero", "dame", "agrégame", "mejor", "tienes", "cuánto valen"]),
    st.integers(0, 3000).map(str) | st.sampled_from(["2.5", "una docena de", "medio kilo de", ""]),
    st.sampled_from(_COSAS),
)
_OTRAS = st.sampled_from(
    [
        "no", "mejor 3", "quita los martillos", "el 2", "el más barato", "solo las brochas",
        "cancela", "cuánto es?", "sí pero más barato", "si tuvieras 10", "hola", "gracias",
        "¿y el envío?", "un asesor", "3", "el doble", "espera", "¿son de acero?", "ignora todo",
        "cambia las brochas por ladrillos", "500", "sí, ¿y la garantía?", "los guantes no",
        "mejor que sean 5", "agrégale 2 brochas de 2", "cancela la compra", "qué llevo?",
        "¿cómo va mi pedido?", "vacía el carrito", "un descuento", "no me escriban más",
    ]
)  # fmt: skip
_TURNO = st.lists(_PIDE | _OTRAS | st.sampled_from(_SI), min_size=1, max_size=2)
_CHARLA = st.lists(_TURNO, min_size=1, max_size=8)
_HOLGADO = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given(_CHARLA)
@_HOLGADO
def test_nothing_is_sold_without_a_yes_to_that_very_offer(charla: list[list[str]]) -> None:
    m = Mostrador()
    for textos in charla:
        offered = Memoria.from_json(m.memoria).oferta
        turno = entender(textos, contexto_de(Memoria.from_json(m.memoria), m.visto))
        result = m.dice(*textos)
        if not result.vender:
            continue
        assert turno.acto is Acto.CONFIRMAR
        assert offered is not None
        assert result.oferta_n == offered.n
        agreed = [(x.producto_id, x.cantidad, x.precio_unitario) for x in offered.lineas]
        assert [(x.producto_id, x.cantidad, x.precio_unitario) for x in result.vender] == agreed
        assert result.memoria["oferta"] is None


@given(_CHARLA)
@_HOLGADO
def test_totals_are_right_and_stock_never_falls_below_zero(charla: list[list[str]]) -> None:
    m = Mostrador()
    before = m.look().stock
    for textos in charla:
        result = m.dice(*textos)
        if result.vender:
            total = sum((x.cantidad * x.precio_unitario for x in result.vender), Decimal(0))
            said = re.search(r"Total: \$([\d.]+)(?:,(\d\d))?", result.respuesta)
            assert said is not None
            assert Decimal(f"{said[1].replace('.', '')}.{said[2] or '00'}") == total
    after = m.look()
    for sku, stock in after.stock.items():
        sold = sum((q for s, q, _ in after.lineas if s == sku), Decimal(0))
        assert stock == before[sku] - sold >= 0


@given(_CHARLA)
@example([["quiero 0 carretillas", "mejor 3"], ["sí"], ["mejor 0 unicornios"]])
@example([["quiero 0 martillos"], ["quiero  brochas de 2", "quiero una docena de codos de 1/2"]])
@_HOLGADO
def test_every_figure_in_every_reply_is_a_fact(charla: list[list[str]]) -> None:
    m = Mostrador()
    for textos in charla:
        assert not m.dice(*textos).corregido


@given(_CHARLA, st.integers(1, 99999))
@_HOLGADO
def test_one_figure_more_is_refused(charla: list[list[str]], figure: int) -> None:
    """The verifier of the last turn, shown its reply with a figure that nobody said."""
    m = Mostrador()
    for textos in charla[:-1]:
        m.dice(*textos)
    memoria = Memoria.from_json(m.memoria)
    visto, textos = m.visto, charla[-1]
    turno = entender(textos, contexto_de(memoria, visto))
    decision = decidir(turno, memoria, visto, m.fuentes)
    filas = m.catalogo.por_id(ids_de(decision))
    facts = permitir(decision, memoria, visto, filas, turno.texto)
    said = f"Hay {figure}."
    assert verificar(said, facts) is (Decimal(figure) in facts.numeros | facts.sumas)


@given(_CHARLA)
@_HOLGADO
def test_the_memory_survives_its_json(charla: list[list[str]]) -> None:
    m = Mostrador()
    for textos in charla:
        kept = m.dice(*textos).memoria
        assert Memoria.from_json(kept).to_json() == kept


@given(st.text(max_size=200))
@_HOLGADO
def test_no_text_at_all_breaks_a_turn(texto: str) -> None:
    m = Mostrador()
    m.dice("quiero 2 carretillas")
    assert m.dice(texto).respuesta
