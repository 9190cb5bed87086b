"""How `evaluar mensajes` scores: what counts as right, and what a label leaves out."""

from typing import Any

import pytest

from core.agente.calificar import Calificacion, read_dorado, read_mensaje
from core.errors import Invalid


def note(*pairs: tuple[dict[str, Any], dict[str, Any]], contexto: str = "none") -> Calificacion:
    """Of (gold, what was understood) pairs."""
    nota = Calificacion()
    for n, (gold, understood) in enumerate(pairs):
        line = {"id": n, "texto": "…", "contexto": contexto, "gold": gold}
        mensaje = read_mensaje(line)
        dorado = read_dorado(mensaje)
        assert dorado is not None
        nota.add(mensaje, dorado, {**NADA, **understood})
    return nota


NADA: dict[str, Any] = {"act": "otro", "items": [], "datos_cliente": {}, "confirma": False}


def item(producto: str | None, cantidad: float | None = None) -> dict[str, Any]:
    return {"producto": producto, "cantidad": cantidad, "unidad": None}


def test_an_alternative_act_is_right_and_counts_apart() -> None:
    gold = {"act": "saludo", "act_alt": ["consulta_empresa"]}
    nota = note((gold, {"act": "consulta_empresa"}), (gold, {"act": "saludo"}), (gold, {}))
    assert (nota.n, nota.exactos, nota.con_alternativas) == (3, 1, 2)
    assert nota.por_acto == {"saludo": (2, 3)}
    assert nota.fallas == ["2 «…»: entendió otro, era saludo"]


def test_an_item_is_its_quantity_and_half_of_its_words() -> None:
    gold = {"act": "pedido", "items": [item("martillos de goma", 2), item(None, 7)]}
    understood = {"act": "pedido", "items": [item("Martillo goma negra", 2.0), item("eso", 7)]}
    assert note((gold, understood)).items.f1 == 1
    for wrong in (item("martillo de goma", 3), item("martillo de goma"), item("pala", 2)):
        nota = note((gold, {"act": "pedido", "items": [wrong, item("eso", 7)]}))
        assert (nota.items.bien, nota.items.faltan, nota.items.sobran) == (1, 1, 1)
        assert nota.items.f1 == 0.5
        assert "faltó 2 «martillos de goma»" in nota.fallas[0]


def test_data_of_the_customer_are_compared_by_their_letters_and_figures() -> None:
    gold = {"act": "dar_datos", "datos_cliente": {"telefono": "300 123-4567", "nombre": "Ana Gil"}}
    given = {"telefono": "3001234567", "nombre": "ana gil"}
    assert note((gold, {"act": "dar_datos", "datos_cliente": given})).datos.f1 == 1
    worse = note((gold, {"act": "dar_datos", "datos_cliente": {"nombre": "Ana", "nit": "5"}}))
    assert (worse.datos.bien, worse.datos.faltan, worse.datos.sobran) == (0, 2, 2)


def test_a_wrong_yes_is_counted_where_it_would_sell() -> None:
    no, yes = {"act": "otro", "confirma": False}, {"act": "confirmar", "confirma": True}
    said = {"act": "confirmar", "confirma": True}
    nota = note((no, said), (no, {}), (yes, said), (yes, {}), contexto="asked_confirm")
    assert (nota.falsas, nota.perdidas) == ((1, 2), (1, 2))
    assert note((no, said)).falsas == (0, 0)
    assert note(({"act": "otro"}, said), contexto="asked_confirm").falsas == (0, 0)


def test_what_a_label_leaves_out_is_not_scored() -> None:
    nota = note(({"act": "otro"}, {"items": [item("pala", 1)], "datos_cliente": {"nombre": "A"}}))
    assert (nota.items.f1, nota.datos.f1, nota.fallas) == (None, None, [])
    assert "productos F1         —" in nota.lines()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"texto": "hola"}, "id: falta"),
        ({"id": 1, "texto": 3}, "texto: es un texto"),
        ([], "es un objeto JSON"),
        ({"id": 1, "texto": "a", "gold": {"act": "comprar"}}, "gold: act: es 'saludo'"),
        ({"id": 1, "texto": "a", "gold": {"act": "otro", "items": [{"cantidad": "x"}]}}, "items.0"),
    ],
)
def test_a_line_of_another_shape_is_refused_with_its_field(line: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_dorado(read_mensaje(line))
