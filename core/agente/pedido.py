"""The items of a message: how many, of what unit, of which product, and what they correct.

The message is read as clauses (cut at commas, "y", line breaks). A figure is a quantity where it
opens a clause, and a size after "de", after a product's noun, or before mm, oz, W…
"""

import re
from decimal import Decimal

from core.agente.clausulas import ENLACES, Clausula, merge
from core.agente.comprension import Cambio, Item
from core.agente.lexico import AGREGAR, HACER, PRECIOS, QUITAR, RELLENO, RUIDO, VERBO
from core.agente.numeros import CONTABLES, MARCAN_MEDIDA, MEDIDAS, UNIDADES, escribir
from core.agente.palabras import Ficha

_CORRIGE = re.compile(
    r"\b(?:no[ ,]*)?(?:que sean?|mejor dicho|mejor(?= (?:\d|un|una|dos|tres|cuatro|cinco|seis|dame"
    r"|deme|quiero|pon\w*|mand\w*|que|sol[oa])\b)|perdon[ae]?(?:me)?|digo|quise decir|corrijo"
    r"|correccion|me equivoque|error|disculp[ae]?|miento|mentira|que digo|o sea|bah"
    r"|no que \w+(?= ,))\b(?=[ ,:]*\w)|^\*(?=\w)|\n\*(?=\w)",
)

_CIFRA = (
    r"(?:\d+|una?|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte"
    r"|media|medio)"
)
# "seis... ocho alcayatas": thought better of.
_VACILA = re.compile(
    rf"\b({_CIFRA}(?: (?:{'|'.join(sorted(UNIDADES, key=len, reverse=True))}))?) ?(?:\.{{2,}}|…)"
    rf" ?(?=(?:no ,? ?)?{_CIFRA}\b)"
)
# "por metro, no el rollo", "la simple, no la de seguridad": what it is not.
_NO_ESE = re.compile(
    r"(?<=[a-z]),? no (?:el|la|los|las|por) (?:de )?(?!quier|nece|quit|cambi)[a-zñ]+"
    r"(?= ?(?:[,.;!]|$))"
)
# "ya no los clavos", "los clavos no": to be taken out.
_YA_NO = re.compile(
    r"\bya no (?:(?:quiero|necesito|llevo|me (?:mand|envi|traig|pong)\w+) )?"
    r"(?=(?:el|la|los|las|es[oa]s?) (?!quier|nece|voy|llev))"
)
# "dame de baja los clavos" is of an order; "dame de baja" is of the list of those we write to.
_DE_BAJA = re.compile(r"\bd(?:a|e|en|ar)(?:me|nme|le)? de baja (?=(?:el|la|los|las|es[oa]s?)\b)")
_SUELTO_NO = re.compile(r"^(?:y )?((?:el|la|los|las) [a-zñ ]{3,30}) no$")
# What broke is the kind that is needed, not one more of them.
_SE_ROMPIO = re.compile(r"\b(se (?:me|nos|le) \w+) (?:un|una) ")
_RISA = re.compile(r"(?:j[aeiou])+j?|ja+|lol|xd")
_CORTES = frozenset(", ; . : \n y e o + ? ¿ ! pero sino aunque entonces luego … ( ) =".split(" "))
_DETERMINANTES = frozenset("el la los las lo esos esas ese esa estos estas este esta unos".split())
# Units that are goods as well: "el arco y las 6 hojas".
_COSAS = frozenset({"hoja", "tira", "cartucho"})
_PALABRAS_MAX = 40  # nothing sold has a longer name, and each is looked up
_OTRO = frozenset({"otro", "otra"})
# "una pregunta", "un pedido": then the figure counted nothing.
_ANULAN = frozenset(
    "pregunta preguntita consulta duda pedido compra favor cotizacion ayuda".split()
)


def sin_ruido(plegado: str, *, precios: bool = False) -> str:
    """The folded text without hours, dates and (unless `precios`) prices; corrections marked
    with a lone "*"."""
    plegado = _YA_NO.sub("quita ", _SUELTO_NO.sub(r"quita \1", plegado))
    plegado = _NO_ESE.sub(" ", _DE_BAJA.sub("quita ", plegado))
    plegado = _VACILA.sub(r"\1 * ", _SE_ROMPIO.sub(r"\1 el ", plegado))
    kept = re.sub(r"[$€]|s/", " ", plegado) if precios else PRECIOS.sub(" ", plegado)
    return _CORRIGE.sub(" * ", RUIDO.sub(" ", kept))


def leer_items(tokens: list[Ficha]) -> tuple[Item, ...]:
    """The items in order. `tokens` come from sin_ruido, with numerar applied."""
    lector = _Lector(tokens)
    for i in range(len(tokens)):
        lector.read(i)
    lector.close()
    return tuple(_item(c) for c in merge(lector.clausulas))


class _Lector:
    """Reads tokens one by one into clauses."""

    def __init__(self, tokens: list[Ficha]) -> None:
        self.tokens = tokens
        self.clausulas: list[Clausula] = []
        self.c = Clausula()

    def read(self, i: int) -> None:
        token = self.tokens[i]
        if token.valor is not None:
            self._figure(i)
        elif token.t in _CORTES or token.t == "*":
            self._cut(i)
        elif token.t in MEDIDAS and self._after_figure(i):
            self.c.palabras.append(token.t)
        elif token.t in UNIDADES:
            self._unit(i)
        else:
            self._word(i)

    def close(self) -> None:
        if not self.c.vacia:
            self.clausulas.append(self.c)
        self.c = Clausula()

    def _at(self, i: int) -> str:
        return self.tokens[i].t if 0 <= i < len(self.tokens) else ""

    def _cut(self, i: int) -> None:
        if self._at(i) == "=" or self._at(i) in ("o", "e") and not self.c.palabras:
            return
        cambio = self.c.cambio if self._at(i) == "y" and self.c.vacia else Cambio.FIJAR
        quitando = self.c.cambio is Cambio.QUITAR and self._at(i) == "y"
        corrige = self._at(i) == "*" or self.c.vacia and self.c.corrige
        self.close()
        self.c.cambio = Cambio.QUITAR if quitando else cambio
        self.c.corrige = corrige
        self.c.alternativa = self._at(i) == "o"

    def _figure(self, i: int) -> None:
        token = self.tokens[i]
        nxt = self._at(i + 1)
        if nxt == "x" and i + 2 < len(self.tokens) and self.tokens[i + 2].valor is None:
            self._quantity(token)  # "10 x martillos"
        elif self._measured(i) or self._is_size(i):
            self.c.palabras.append(token.t)
        else:
            implicit = token.articulo and self.c.cantidad is None
            if self.c.palabras and not implicit and not self._is_trailing(i):
                self.close()
            self._quantity(token)

    def _quantity(self, token: Ficha) -> None:
        counted = self.c.cantidad is not None or self.c.rango
        only_article = token.articulo and not counted and bool(self.c.palabras)
        if only_article or token.articulo and self.c.articulo and not self.c.palabras:
            return  # "para tapar una gotera", "uno, un candado"
        if counted:
            self.close()
        self.c.cantidad = None if token.rango else token.valor
        self.c.rango, self.c.articulo, self.c.docena = token.rango, token.articulo, token.docena

    def _measured(self, i: int) -> bool:
        """ "16 oz", "20 v"; the a of amperes only where nothing follows it."""
        nxt = self._at(i + 1)
        return nxt in MEDIDAS and (nxt != "a" or not self._at(i + 2).isalpha())

    def _is_size(self, i: int) -> bool:
        """Whether the figure at i describes the product instead of counting it."""
        before = self._at(i - 1)
        if before in ("de", "del") and "/" in self._at(i):
            return True
        if before == "x":
            dims = i > 1 and (self.tokens[i - 2].valor is not None or self._at(i - 2) in MEDIDAS)
            return dims or self.c.cantidad is not None
        if before in MARCAN_MEDIDA or before in ("de", "del"):
            return bool(self.c.palabras or self.c.unidad or self.c.cantidad or self._named(i))
        if (
            before in ("las", "los")
            and self._at(i + 1).isalpha()
            and self._at(i + 1) not in MEDIDAS
        ):
            return self._at(i - 2) == "de"  # "los diez martillos las tres brochas"
        if before in ("la", "el", "las", "los"):
            return self._at(i - 2) == "de" or bool(self.c.palabras and self.c.cantidad)
        return bool(self.c.palabras) and not self._opens(i) and not self._is_trailing(i)

    def _named(self, i: int) -> bool:
        """ "de 8 metros", "los de media": sizes even without a product before them."""
        nxt = self._at(i + 1)
        lone = self._at(i - 2) in _DETERMINANTES or not self._at(i - 2) or self.c.vacia
        ends = nxt in UNIDADES and self._at(i + 2) != "de" or not nxt.isalpha()
        return lone and (ends or nxt in RELLENO or nxt in ("por", "y"))

    def _opens(self, i: int) -> bool:
        """A figure amid words that begins the next item: "10 martillos 5 alicates"."""
        nxt = self._at(i + 1)
        if nxt in UNIDADES:
            return self._at(i + 2) == "de" or self.c.cantidad is None and UNIDADES[nxt] in CONTABLES
        if not nxt.isalpha() or nxt in RELLENO or nxt in ENLACES:
            return False
        plural = nxt.endswith("s") or self.tokens[i].valor == 1
        return plural and self._at(i - 1) not in ENLACES

    def _is_trailing(self, i: int) -> bool:
        """ "martillos 10", "cemento 3 bultos", "tornillos x 100": a quantity after its noun."""
        if self.c.cantidad is not None or self.c.rango or not self.c.palabras:
            return False
        nxt, noun = self._at(i + 1), self.c.palabras[-1]
        many = noun.endswith("s") and noun.isalpha() and len(noun) > 3
        if nxt in UNIDADES and (many or UNIDADES[nxt] in CONTABLES):
            return self._at(i + 2) != "de"
        return self._ends(nxt) and (many or self._at(i - 1) in ("unos", "unas", "como"))

    def _after_figure(self, i: int) -> bool:
        return i > 0 and self.tokens[i - 1].valor is not None

    def _unit(self, i: int) -> None:
        unit, nxt = UNIDADES[self._at(i)], self._at(i + 1)
        c = self.c
        if self._at(i - 1) in MARCAN_MEDIDA:
            c.palabras.append(self._at(i))  # "talla L"
        elif c.palabras and self._after_figure(i) and c.palabras[-1] == self._at(i - 1):
            c.palabras.append(self._at(i))  # the size's own unit: "de 15 metros"
        elif unit in _COSAS and c.determinada and c.cantidad and not c.palabras and self._ends(nxt):
            c.palabras.append(self._at(i))  # "y las 6 hojas": the hojas themselves
        elif c.unidad is None and (not c.palabras or self._ends(nxt)):
            c.unidad = unit  # "3 metros de…", "el kilo de…", "esmalte blanco galón"
        else:
            c.palabras.append(self._at(i))

    @staticmethod
    def _ends(nxt: str) -> bool:
        return not nxt or nxt in _CORTES or nxt in RELLENO

    def _word(self, i: int) -> None:
        word, c = self._at(i), self.c
        if word in _ANULAN and c.articulo and not c.palabras:
            self.c = Clausula()
        elif word in _OTRO and c.vacia:
            c.cantidad, c.articulo, c.cambio = Decimal(1), True, Cambio.AGREGAR
        elif not self._qualifies(i) and self._is_verb(i):
            return
        elif word in ENLACES or self._marks(i):
            self._link(i)
        elif word in _DETERMINANTES:
            c.determinada = True
        elif word in RELLENO and not self._qualifies(i) or _RISA.fullmatch(word):
            return
        elif len(word) > 1 and word[0].isalnum():
            c.palabras.append(word)

    def _marks(self, i: int) -> bool:
        """calibre, talla…; "cal" only before its figure, for it is also what walls are made of."""
        known = self._at(i) in MARCAN_MEDIDA
        after = self.tokens[i + 1].valor is not None if i + 1 < len(self.tokens) else False
        return known and (self._at(i) != "cal" or after)

    def _qualifies(self, i: int) -> bool:
        """The paso of "llave de paso", which alone would say nothing."""
        return bool(self.c.palabras) and self._at(i - 1) == "de" and len(self._at(i)) > 3

    def _link(self, i: int) -> None:
        if self.c.palabras:
            self.c.palabras.append(self._at(i))
        elif self._marks(i):
            self.c.palabras.append(self._at(i))
            self.c.continua = True
        elif self._at(i) in ("de", "del") and self.c.unidad is None:
            self.c.continua = True

    def _is_verb(self, i: int) -> bool:
        """Verbs of ordering, adding and removing say what to do, not what to buy."""
        word = self._at(i)
        pair = f"{word} {self._at(i + 1)}"
        if QUITAR.fullmatch(word) or QUITAR.fullmatch(pair):
            if self.c.palabras:
                self.close()
            self.c.cambio = Cambio.QUITAR
            return True
        if AGREGAR.fullmatch(word):
            self.c.cambio = Cambio.AGREGAR
            return True
        if not VERBO.fullmatch(word):
            return HACER.fullmatch(word) is not None
        if self.c.vacia and self.c.cambio is Cambio.QUITAR:
            self.c.cambio = Cambio.FIJAR  # "quita la brocha y ponme 4 codos"
        return True


_PARES = re.compile(r"guant|bota|zapat|bisagr|tenis|calcet|botin|rodiller|rodachin|orejer|media")


def _item(c: Clausula) -> Item:
    words = list(c.palabras[:_PALABRAS_MAX])
    while words and (words[-1] in ENLACES or len(words) > 1 and words[-1] in MARCAN_MEDIDA):
        words.pop()
    while words and words[0] in ENLACES:
        words.pop(0)
    producto = " ".join(words) or None
    cantidad, unidad = c.cantidad, c.unidad
    if producto is None and unidad is None and cantidad is not None and cantidad % 1:
        producto, cantidad = escribir(cantidad), None  # "por tres cuartos": a size
    if unidad == "par" and c.articulo and producto and not _PARES.search(producto):
        cantidad, unidad = Decimal(2), "unidad"  # "un par de candados" are two
    if unidad is None and cantidad is not None:
        unidad = "unidad"
    return Item(producto, cantidad if cantidad and cantidad > 0 else None, unidad, c.cambio)
