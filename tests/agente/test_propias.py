"""What a shop may write in place of our wording, and what it may not: figures, productos, traps."""

import pytest

from core.agente.plantillas import frases, leaves, nombres, original
from core.agente.propias import check, read_propio
from core.agente.textos import textos_de
from core.ports import Tienda
from tests.agente.mostrador import Mostrador

_OFERTA = "{cantidad} de {nombre} a {precio}: {total}"

BIEN = [
    'hola: "¡Buenas!"',
    'hola: "¡Ey! 👩‍🔧"',
    'saludo: "Bienvenido a {tienda}, ¿qué [buscas|busca|buscás]?"',
    f'oferta: "{_OFERTA}. ¿Va?"',
    f'oferta: "En {{tienda}}: {_OFERTA}. ¿Va?"',
    'oferta_varias: {fin: "Suma: {total}. ¿Va?"}',
    'venta: {uno: "Hecho: {cantidad} de {nombre} a {precio}, total {total}."}',
    'cual_varios: {uno: "Solo tengo {nombre}: {precio}."}',
    'cual: {fila: "{n}) {nombre} por {precio}"}',
    'llano: {venta: "Quedó registrada."}',
    "plurales: {cono: conos, bidon: bidones}",
    'sin_stock: "cero"',
    'sin_stock: "nada por ahora"',
    'rechazo: "Sí, sin problema: una persona le ayuda."',
]
MAL = [
    ("", "contenido", "no dice nada"),
    ("# nada", "contenido", "no dice nada"),
    ("hola", "contenido", "es una lista"),
    ("- hola", "contenido", "es un texto"),
    ('hola: "a', "contenido", "no es YAML"),
    ('hola: "a"\nhola: "b"', "hola", "dos veces"),
    ('chao: "Adiós"', "chao", "no se conoce"),
    ('tonos: {formal: "x"}', "tonos", "no se conoce"),
    ('pasaje: "Según la tienda: {cita}"', "pasaje", "se cita tal cual"),
    ('reservadas: {venta: "x"}', "reservadas", "no se conoce"),
    ("hola: [a, b]", "hola", "es un texto"),
    ("hola: {uno: x}", "hola", "es un texto"),
    ("hola: &a x\nsaludo: {inicio: *a}", "saludo", "es un texto"),
    ("hola:", "hola", "es un texto"),
    ('hola: " "', "hola", "es un texto"),
    ('venta: "¡Listo!"', "venta", "tiene partes"),
    ('venta: {pie: "x"}', "venta.pie", "no se conoce"),
    ('venta: {fila: {a: "x"}}', "venta.fila", "es un texto"),
    (f'hola: "{"x" * 601}"', "hola", "600 caracteres"),
    ('oferta: "¿Va?"', "oferta", "debe llevar {cantidad}, {nombre}, {precio}, {total}"),
    ('oferta: "{cantidad} de {nombre}: {total}"', "oferta", "debe llevar {precio}"),
    ('venta: {fin: "¡Gracias!"}', "venta.fin", "debe llevar {total}"),
    ('pendiente: {uno: "{cantidad} de {nombre}"}', "pendiente.uno", "debe llevar"),
    ('cual: {fila: "{nombre}"}', "cual.fila", "debe llevar {n}"),
    ('no_encontrado: "No hay."', "no_encontrado", "debe llevar {cita}"),
    ('cambio_precio: "{nombre} cambió: {precio}"', "cambio_precio", "debe llevar {antes}"),
    ('hola: "{precio}"', "hola", "no puede llevar {precio}"),
    ('sin_stock: "en {tienda} no"', "sin_stock", "no puede llevar {tienda}"),
    ('llano: {venta: "{total}"}', "llano.venta", "no puede llevar {total}"),
    ('hola: "{0}"', "hola", "llave suelta"),
    ('saludo: "{tienda.__class__}"', "saludo", "llave suelta"),
    ('saludo: "{tienda[0]}"', "saludo", "llave suelta"),
    ('saludo: "{tienda!r}"', "saludo", "llave suelta"),
    ('saludo: "{tienda:>99}"', "saludo", "llave suelta"),
    ('hola: "a } b"', "hola", "llave suelta"),
    ('hola: "a { b"', "hola", "llave suelta"),
    ('hola: "[tu|su"', "hola", "bien cerrado"),
    ('hola: "[a|b|c|d]"', "hola", "bien cerrado"),
    ('hola: "Abrimos a las 8"', "hola", "cifras: «8»"),
    ('hola: "Todo a $"', "hola", "cifras: «$»"),
    ('hola: "Rebaja del 10 %"', "hola", "cifras: «10»"),
    ('hola: "Tenemos diez sedes"', "hola", "cifras: «diez»"),
    ('hola: "Treinta y cinco mil"', "hola", "cifras: «treinta y cinco mil»"),
    ('hola: "Una docena"', "hola", "cifras"),
    ('hola: "Queda una unidad"', "hola", "cifras: «una»"),
    ('hola: "A mitad de precio"', "hola", "cifras: «mitad»"),
    ('hola: "②"', "hola", "cifras"),
    ('hola: "½"', "hola", "cifras"),
    ('hola: "[Hola|Van ocho|Che]"', "hola", "cifras: «ocho»"),
    ('hola: "a\\u200bb"', "hola", "no son texto"),
    ('hola: "a\\u202eb"', "hola", "no son texto"),
    ('hola: "a\\ue000b"', "hola", "no son texto"),
    ('hola: "5 €"', "hola", "cifras"),
]


@pytest.mark.parametrize("contenido", BIEN)
def test_a_sentence_that_says_the_same_facts_is_taken(contenido: str) -> None:
    assert check("respuestas", contenido) == []


@pytest.mark.parametrize(("contenido", "campo", "mensaje"), MAL)
def test_what_could_say_something_else_is_refused_by_its_name(
    contenido: str, campo: str, mensaje: str
) -> None:
    errores = check("respuestas", contenido)
    assert campo in [e["campo"] for e in errores]
    assert any(mensaje in e["mensaje"] for e in errores), errores


def test_the_whole_file_may_be_sent_back_without_what_is_ours() -> None:
    ours = original("respuestas").split("# Words that claim")[0]
    assert check("respuestas", ours) == []
    assert list(leaves(read_propio(ours)[0])) == list(leaves(frases()))


def test_too_much_is_refused_before_it_is_read() -> None:
    assert "40000" in check("respuestas", "#" * 40_001)[0]["mensaje"]
    deep = "a: " + "{a: " * 5000
    assert check("respuestas", deep)[0]["campo"] == "contenido"


def test_a_shop_says_its_own_sentence_and_the_rest_as_ever() -> None:
    m = Mostrador()
    own = (
        'despedida: "¡Chao, pues!"\n'
        'oferta: "Van {cantidad} de {nombre} a {precio}: {total}. ¿Le damos?"'
    )
    m.tienda = Tienda("La Tuerca", "COP", propios={"respuestas": own})
    offered = m.dice("dame 2 carretillas")
    assert offered.respuesta == (
        "Van 2 unidades de Carretilla de obra a $228.000: $456.000. ¿Le damos?"
    )
    assert not offered.corregido
    assert "¡Listo! Tu compra quedó registrada" in m.dice("sí").respuesta
    assert m.dice("gracias").respuesta == "¡Chao, pues!"


def test_one_shops_words_are_not_anothers() -> None:
    own = Tienda("x", "COP", propios={"respuestas": 'hola: "Quiubo parcero"'})
    assert "quiubo" in textos_de(own).palabras
    assert "quiubo" not in textos_de(Tienda("x", "COP")).palabras


def test_what_a_later_release_cannot_use_is_passed_over() -> None:
    old = 'hola: "Quiubo"\nya_no_existe: "x"\noferta: "{cantidad} por {rebaja}"'
    said = textos_de(Tienda("x", "COP", propios={"respuestas": old}))
    assert said["hola"] == "Quiubo"
    assert said["oferta"] == textos_de(Tienda("x", "COP"))["oferta"]


def test_own_words_win_over_a_tone_and_know_every_trato() -> None:
    propios = {"respuestas": 'saludo: "¿Qué [llevas|lleva|llevás]?"'}
    ajustes = {"tono": "cercano", "trato": "usted"}
    assert textos_de(Tienda("x", "COP", ajustes, propios=propios))["saludo"] == "¿Qué lleva?"


def test_the_prompts_of_a_model_are_found_by_their_files() -> None:
    assert nombres()[0] == "respuestas"
    assert all(n.startswith("modelo") for n in nombres()[1:])
    for nombre in nombres()[1:]:
        assert check(nombre, original(nombre)) == []
        assert check(nombre, " ") != []
        assert check(nombre, "Di {secreto}") != []


@pytest.mark.parametrize(
    "contenido",
    [
        'rechazo: "¡Listo! Tu compra quedó registrada."',
        'cancelada: "Tu compra sigue registrada."',
        'venta: {uno: "No registré nada de {cantidad} {nombre} {precio} {total}"}',
        'agotado: "Sí hay {nombre}, mucho."',
        'despedida: "Hoy todo gratis."',
        'sin_descuento: "Bueno, te hago una rebaja grande."',
    ],
)
def test_a_sentence_that_claims_another_thing_is_refused(contenido: str) -> None:
    said, errores = read_propio(contenido)
    assert said == {}
    assert "no puede afirmar" in errores[0]["mensaje"]
