"""What customers say from Mexico to Spain, as phrases per intention. Folded text: no accents.

Patterns read a line of folded tokens separated by one space, signs included ("¿ tienen ?").
Whole families of a verb are built from its stem, so that every person and mode is understood.
"""

import re
from enum import StrEnum

_TERMINACIONES = (
    "a as an ais amos o e es en eis emos i is io ia ias ian iamos aba ando iendo ar er ir are ado "
    "ada ados adas aria ariamos eria iria aste asteis aron ieron ame eme anme enme amelo amela "
    "amelos amelas emelo emela emelos emelas enmelo enmelos anos enos ale ele alo ala alos alas "
    "elo ela elos elas enlo enla enlos enlas arme erme irme arlo arla arlos arlas erlo erla erlos "
    "erlas arse arte irte arle melo mela melos melas me lo la los las le les nos nse nme"
).split()
_FIN = "|".join(sorted(_TERMINACIONES, key=len, reverse=True))


def _verbs(stems: str) -> str:
    return rf"(?:{'|'.join(stems.split())})(?:{_FIN})"


# Verbs of ordering; they are no part of what is ordered.
PEDIR = (
    rf"(?:{_verbs('mand envi despach vend compr llev necesit dese anot apunt apart separ reserv')}"
    rf"|{_verbs('encarg regal ech pas surt agarr prepar quier')}"
    r"|quisiera\w*|querria\w*|queria\w*|quiero|queremos|dame\w*|deme\w*|denme|das|dais|darme\w*"
    r"|dar|da|damos|pon|pone|poneme\w*|ponme\w*|pongame\w*|ponga|pongan|ponganme|pones|ponle"
    r"|sirveme|sirvame|traeme|traigame|trae|muestr\w+|enseñ[ae]\w*|pido|pedir|pedido|tomo|urgen?|requiero|haceme|hazme|hagame)"
)
AGREGAR = (
    rf"(?:{_verbs('agreg añad anad inclu adicion sum')}|incluy\w+|tambien|ademas|aparte|otr[oa]s?)"
)
QUITAR = (
    rf"(?:{_verbs('quit sac elimin borr retir descart')}|rest[ae](?:le|me)\w*|saqu\w+|sin (?:el|la|los|las)"
    r"|ya no (?:quiero|necesito|llevo|voy a llevar|me interesan?) (?:el|la|los|las|esos?|esas?))"
)
# Verbs of changing an order; like those of ordering, no part of a product's name.
CAMBIAR = (
    r"(?:cambi\w+|dej[ae]\w*|(?:baj|sub|aument|rebaj|reduc|aumenc)[aeio]\w*l[eoa]s?|reempla\w+"
    r"|sustitu\w+|correg\w+|corrij\w+|\w+mosl[oae]s?)"
)
_PERSONA = (
    r"(?:person(?:a|al)|human[oa]|asesor[a]?|vendedor[a]?|encargad[oa]|gerente|ejecutiv[oa]|agente"
    r"|operador[a]?|representante|supervisor[a]?|dependiente|emplead[oa]|jef[ea]|dueñ[oa]"
    r"|responsable|compañer[oa])"
)
_HABLAR = (
    rf"(?:hablar|hable|habl[oa]|{_verbs('comunic contact comuniqu conect transfier transfer deriv')}"
    r"|comunic\w+|contact\w+|pasa(?:me|r|rme|s|le)?|pasas?me|pase(?:me|n|nme)?|pasan|pon(?:me|game)"
    r"|atiend\w+|atender\w*|atend\w+|llam\w+|quiero|quisiera|necesito|prefiero|busco|solicito|exijo"
    r"|puedo|hay|con|paso|deme|dame)"
)


class Rasgo(StrEnum):
    """Something that a message does, whatever else it does."""

    ATAQUE = "ataque"
    HUMANO = "humano"
    QUEJA = "queja"
    DESCUENTO = "descuento"
    PRECIO = "precio"
    PREGUNTA = "pregunta"
    PRODUCTO = "producto"
    PEDIR = "pedir"
    AGREGAR = "agregar"
    QUITAR = "quitar"
    CAMBIAR = "cambiar"
    SOLO = "solo"
    CONDICION = "condicion"
    APLAZA = "aplaza"
    DUDA = "duda"
    CANCELA = "cancela"
    RECHAZA = "rechaza"
    ADIOS = "adios"
    SALUDO = "saludo"
    AJENO = "ajeno"


_PATRONES: dict[Rasgo, str] = {
    Rasgo.ATAQUE: (
        r"ignor\w+ (?:todo|todas|las|tus|los|lo|cualquier|esas?|mis)|olvid\w+ (?:todo|tus|las) \w+"
        r"|instrucciones|prompt|jailbreak|(?:actua|comportate|responde|habla) como|hazte pasar"
        r"|fing\w+|(?:ahora|desde ahora|a partir de ahora) eres|eres ahora|modo (?:des|admin|dios|deb)"
        r"\w*|soy (?:el|la|tu|su|un) (?:admin\w*|dueñ\w+|jef\w+|gerente|programador\w*|desarroll\w+"
        r"|creador\w*|propietari\w+)|contraseñas?|password|clave \d+|base de datos|api ?key"
        r"|drop table|select \w+ from|otros? clientes?|(?:los )?demas clientes|otras personas"
        r"|(?:ventas|compras|pedidos|telefonos|datos|direcciones) de (?:otr|tod|los|las|l[ao]s? demas)"
        r"\w*|(?:cambia|modifica|baja|pon|ponle|poner) (?:el |los )?precios? (?:a|en|de|por)"
        r"|^system\b|^sistema :|(?:marca|registra|pon)\w* .* (?:como )?(?:pagad\w+|gratis)"
        r"|precio (?:a|en) (?:0|1|cero|un)|como si fuera gratis|tus reglas|codigo fuente"
    ),
    Rasgo.HUMANO: (
        rf"{_HABLAR} (?:\w+ ){{0,4}}?{_PERSONA}(?: de verdad| real)?"
        rf"|^(?:(?:un|una|el|la|algun|alguna) )?{_PERSONA}(?: por favor| porfa| real)?$"
        r"|(?:llam|marqu|marc|timbr)(?:ame|eme|enme|anme|arme)\b|me (?:llam|marqu|marc)(?:en|an|e|a)\b"
        r"|(?:hablar|comunic\w+|atiend\w+|pas\w+|hay) (?:\w+ ){0,2}?alguien"
        r"|alguien (?:real|de verdad|humano|que me atienda|que sepa|del equipo|de la tienda)"
        r"|no (?:quiero|me gusta|deseo) (?:\w+ ){0,3}?(?:bot|robot|maquina|contestador\w*)"
        r"|(?:atencion|trato) (?:human[ao]|personal\w*)"
    ),
    Rasgo.QUEJA: (
        r"no (?:prende|funciona|funciono|anda|arranca|enciende|sirvio|llego|llegaron|carga|jala)\w*"
        r"|no (?:me )?(?:ha|han) (?:llegado|entregado|respondido|contestado|enviado|mandado|resuelto)"
        r"|(?:nunca|jamas|no) me (?:llego|llegaron|entregaron|mandaron|enviaron|respond\w+|contest\w+"
        r"|resolv\w+|llega)|(?:se|me|le) (?:me )?(?:rompi|daño|quebr|parti|fundi|quem|despeg"
        r"|descompuso|desarm|jodi|estropea?)\w*"
        r"|(?:llego|llegaron|vino|vinieron|salio|salieron|esta|estaba|estan|venia|venian)"
        r" (?:\w+ ){0,2}?(?:rot|dañad|defectuos|mal[oa]|incomplet|vencid|vaci[oa]|quebrad|golpead"
        r"|fallad|quemad|fundid|equivocad|oxidad|abiert|manchad|podrid|descompuest|estropead)\w*"
        r"|falt(?:o|an|aron|aba|aban) (?:\w+ ){0,4}?(?:en|de|del|al) (?:el |la |mi )?(?:pedido|caja"
        r"|compra|bolsa|envio)|me (?:vendi|mand|envi|entreg|di)(?:eron|aron|ieron|aste|iste) "
        r"|devuelv\w*me\b|eres (?:un |una )?(?:tont|idiot|inutil|imbecil|estupid|pendej)\w*"
        r"|vete a|hij[oa]s? de|\bmierda\b|\bputa\b|\bcarajo\b|cobr(?:aron|o|aste) (?:\w+ )?(?:de mas|doble|mal|dos veces|demas)"
        r"|quiero (?:que me )?(?:devol|devuel)\w+|me devuelvan|reembols\w+|(?:mi|la) (?:plata|dinero)"
        r" de vuelta|pesim[oa]\w*|horrible|malisim\w+|(?:que|un|vaya|muy|es un) (?:asco|desastre"
        r"|verguenza|porqueria|robo|abuso|timo|estafa)\b|mal(?:a)? (?:servicio|atencion|calidad"
        r"|experiencia)|vaya calidad|estaf\w+|son (?:un[oa]s |pur[oa]s |un |una )?(?:chorros|ladron\w*"
        r"|rater\w+|mentiros\w+|inutil\w*|incompetent\w*|payas\w+|lent[oi]\w*|basura|sinverguenza\w*)"
        r"|ladron(?:es)?\b|me (?:engañ|mint|rob|estaf|tim)\w+|reclam\w+|quej(?:a|as|arme|o)\b"
        r"|denunci\w+|inservible|porqueria|decepcion\w*|nunca mas (?:compro|vuelvo|les)"
        r"|(?:llevo|llevamos|hace) (?:\w+ ){1,5}?esper\w+|donde esta mi (?:pedido|compra)"
        r"|ya (?:te|le|les|se lo) (?:dije|escribi|pague|he dicho)|no (?:me )?entiend(?:es|e|en) nada"
        r"|mi pedido (?:no|nunca|sigue|todavia)|producto (?:dañado|defectuoso|malo|roto)"
    ),
    Rasgo.DESCUENTO: (
        r"descuent\w*|descont\w+|rebaj\w+|(?<!el )(?<!la )(?<!los )(?<!las )mas (?:barat|economic)\w+"
        r"|mitad de precio|menos precio|ultimo precio|precio (?:de )?(?:mayoreo|mayorista|especial|amigo)|mejor precio"
        r"|por mayor|al mayor|promo\w*|(?:en|a|por) cuanto (?:me |nos |te )?(?:l[oae]s? )?"
        r"(?:dej|das|da|qued)\w*|lo menos|car[oa]s?\b|carisim\w+|(?:precio|algo) mas bajo"
        r"|(?:haga|hac|haz|hag)\w* (?:un |algun |una |buen )?(?:precio|preciecito|atencion|ofert)\w*"
        r"|(?:baja|baje|bajale|bajele|mejora|mejore|mejorame)\w* (?:un poco )?(?:el|al|de) precio"
        r"|ñapa|yapa|vendaje|regate\w+|gratis|de regalo|cortesia|\d+ ?%|por ciento"
        r"|(?:dej|d|vend|qued)\w* (?:l[oae]s? )?(?:en|a|por) (?:[\d.,]{3,}|\d+ mil)(?! ?(?:uni|met|caj|kil))"
        r"|\b(?:a|en|por) [\d.,]+ (?:mil )?(?:cada|c / u|te l|me l|los|las)"
        r"|pilon|2 x 1\b|dos por uno|mas barat[oa]?$|cupon\w*"
    ),
    Rasgo.PRECIO: (
        r"precios?|cuanto (?:me |nos |le |te |les )?(?:cuest|val|sal|es\b|esta|estan|seri|cobr|cost"
        r"|deb|pag|va a|viene|tien|llev|hace|suma|da\b|queda)\w*|a (?:como|cuanto)|que (?:valor|costo"
        r"|vale|valen|cuesta|cuestan)|valor d\w+|el valor|costos?|cotiz\w+|en total|el total|iva\b"
        r"|impuest\w*|tarifa|cuanto (?:el|la|los|las|un|una|por|x|cada|son)|cuanto \?|cuanto$"
        r"|^(?:y )?(?:el )?total\b|cuanto es|cuanto todo|cuanto seria|importe|presupuest\w*"
    ),
    Rasgo.PREGUNTA: (
        r"\?|^(?:y )?(?:que(?! tal| hubo| onda| mas)|cual|cuales|cuanto|cuantos|cuanta|cuantas|como|donde|cuando|quien|de que"
        r"|tiene|tienen|tienes|tenes|teneis|hay|venden|manejan|puedo|se puede|aceptan|hacen|sera)\b"
    ),
    Rasgo.PRODUCTO: (
        r"(?<!que )(?<!ya )(?<!me )\b(?:tien(?:e|en|es)|tene[si]s?|teni|tendra\w*|tendri\w+|tenian"
        r"|tengan)\b|\bhay\b|habra|habria|(?<!me )(?<!nos )\bvend(?:en|es|e|eis|eran)\b|manej(?:a|an|as|ais)\b"
        r"|trabaj(?:an|as|ais) (?:con|la|el)|cons(?:igo|iguen|igue)|dispon\w+|cuentan con|existenci\w+"
        r"|stock|inventario|(?:les )?queda(?:n|ran)?\b|busc(?:o|aba|amos|ando)|ando (?:buscando|tras)"
        r"|algo (?:para|contra|que|pa|de)|recomiend\w+|recomend\w+|sugier\w+|que (?:me )?sirve|muestr\w+|enseñ[ae]\w*|quiero ver"
        r"|sirve (?:para|con)|cual (?:es )?(?:mejor|me|es)|que (?:tipos?|marcas?|colores|medidas"
        r"|clases?|modelos?|opciones|otr[oa]s?|mas)|fotos?|imagen\w*|catalogo|informacion|\binfo\b"
        r"|caracteristicas|diferencia|que (?:trae|incluye|tienen|hay|venden)|\b(?:es|son|vienen?)"
        r" (?:de|original\w*|marca|para|en)\b|como (?:es|son|se usa|funciona)|para que|que necesito"
        r"|cuant[oa]s (?:tien|hay|qued|te qued|les qued|unidades)\w*|disponib\w+|se consigue"
    ),
    Rasgo.PEDIR: rf"\b{PEDIR}\b",
    Rasgo.AGREGAR: rf"\b{AGREGAR}\b|\d+ mas\b|(?:uno|una) mas\b",
    Rasgo.QUITAR: rf"\b{QUITAR}\b",
    Rasgo.CAMBIAR: (
        r"cambi\w+|en (?:vez|lugar) de|reempla\w+|sustitu\w+|que (?:sean?|mejor)|mejor|mas bien|prefiero|prefer\w+"
        r"|baj[ae]\w* a|sub[ae]\w* a|dej[ae]\w* en|correg\w+|corrij\w+|me equivoque|el doble"
        r"|la mitad|menos de|(?:no|pero) (?:son|eran|era|quiero|seran)|entonces (?:solo|dame|deme)"
    ),
    Rasgo.SOLO: r"sol(?:o|amente|ito|itos)|nomas|unicamente|nada mas|apenas",
    Rasgo.CONDICION: (
        r"\b(?:tuvie|hubie|fuera|fuese|pudie|bajara|dejara|hicie|costara|saliera|valiera)\w*"
        r"|cuando (?:teng|llegu|haya|cobre|me pag|vuelv|tien)\w*|siempre (?:y cuando|que)|con tal"
        r"|a menos que|salvo que|solo si|en caso de|depende|mientras (?:no|me|sea)"
    ),
    Rasgo.APLAZA: (
        r"todavia no|aun no|por ahora no|no por ahora|(?:dej[ae]|perm[ií]t)\w* (?:que lo )?(?:pens|pien"
        r"|ver|revis|consult|pregunt|chec|mir)\w*|\blo (?:pienso|consulto|reviso|veo|charlo|hablo)"
        r"|\b(?:voy|vamos) a (?:pens|ver|consult|revis|pregunt|mir|avis)\w*|tengo que (?:pens|ver|cons"
        r"|preg|revis)\w*|(?:luego|despues|mas tarde|ya|mañana|ahorita|al rato) (?:te|le|les|os|lo|la)"
        r" \w+|(?:te|le|les) (?:aviso|confirmo luego|digo luego)|mas tarde|al rato|otro dia"
        r"|otro momento|(?:luego|despues|mas tarde|mañana|ahorita|otro dia)(?: \w+)?"
        r" (?:vuelv|regres|pas)\w*|mañana (?:paso|vuelvo|confirmo)|lo dej\w+ para"
    ),
    Rasgo.DUDA: (
        r"\besper[ae]\w*|aguant\w+|aguard\w+|un (?:momento|momentito|segundo|segundito|minuto|minutito"
        r"|rato|ratito|toque|chance)|dame (?:chance|tiempo|un)|\bpar[ae] par[ae]\b|\bpare\b"
        r"|(?:guard|apart|reserv|separ)\w*(?:me)?l[oa]s?\b|me l[oa]s? (?:guard|apart|reserv|separ)\w+"
        r"|puede ser|tal vez|quiza\w*|a lo mejor|capaz|creo que|de pronto|casi|no se\b|no estoy segur"
        r"|igual (?:si|luego)|mas o menos|no tan rapido|con calma|lo espero"
    ),
    Rasgo.CANCELA: (
        rf"{_verbs('cancel anul')}|cancel\w+|anul\w+|olvid(?:a|e|o)(?:l[oae]s?|te|ese|melo|lo)\w*"
        r"|olvida (?:el|la|eso|mi)|desist\w+|deshaz\w*|me arrepent\w*|dar de baja"
        r"|ya no (?:l[oa]s? )?(?:quiero|necesito|voy a comprar|compro|llevo)(?: nada)?"
        r"|borra (?:todo|el pedido|mi pedido)|no (?:quiero|llevo) (?:nada|ninguno|ninguna)"
    ),
    Rasgo.RECHAZA: (
        r"^(?:\w+ ){0,3}?no\b|\bno (?:gracias|quiero|me (?:interesa|convence|gusta|sirve|alcanza)"
        r"|l[oa]s? quiero|va)\b|\bni (?:modo|en pedo|loc[oa]|de broma|a palos|hablar|pensar|en sueños"
        r"|aunque|muert[oa]|por)|nanay|\bnica\b|negativo|para nada|en absoluto|jamas|tampoco"
        r"|mejor no|entonces (?:no|nada)|^(?:\w+ )?nada\b|nada gracias|\bpaila\b|(?:^|no |nah |na |mejor |yo |vez )paso\b(?! (?:por|a\b|mañana|el|luego|en|hoy))|ningun[oa]?"
        r"|otr[oa] (?:lado|parte|tienda|sitio|lugar)"
        r"|(?<!va )que va\b|(?:muy|tan|re|bien|demasiado) poqu?i?t?[oa]s?\b|nones|minga|ni ahi|por ahora no|dejal[oa]s?(?! asi)|dejel[oa]s?(?! asi)|no da"
        r"|naranjas|no mames|no (?:chance|cuentes)|na na\b|de ninguna (?:manera|forma)"
    ),
    Rasgo.ADIOS: (
        r"graci\w*|agradecid\w+|adios|hasta (?:luego|pronto|mañana|la vista|otra)|nos vemos|chao|chau"
        r"|bye|eso (?:es|era|seria) todo|nos (?:estamos )?(?:hablamos|hablando|leemos)|cuidate|cuidese"
        r"|(?:buen|feliz|lindo|bonito) (?:dia|tarde|noche|fin)|dios (?:l[eo]s?|te|los) (?:bendiga|pague)"
        r"|bendicion\w*|otro dia (?:paso|vuelvo)|que est(?:e|es|en) (?:muy )?bien|saludos$"
    ),
    Rasgo.SALUDO: (
        r"\bhola\b|\bbuen(?:as|os|a)?\b(?: (?:dias?|tardes?|noches?|dia))?|que (?:tal|hubo|onda|mas)"
        r"|saludos|como (?:estan?|estas|te va|le va|andan|anda|andas)|\bhey\b|\balo\b|aló|disculp\w+"
        r"|quiubo|quihubo|holi\w*"
    ),
    Rasgo.AJENO: (
        r"chistes?|cuentame|contame|cuento\b|poema|cancion|receta|adivinanza|horoscopo|el clima|llover"
        r"|futbol|partido de|gano el|presidente|politica\b|elecciones|capital de|traduc\w+|mi tarea"
        r"|chatgpt|inteligencia artificial|eres (?:un |una )?(?:bot|robot|ia|humano|maquina)"
        r"|sos (?:un |una )?(?:bot|robot)|te amo|casate|tienes novi\w|quien te (?:hizo|creo|programo)"
        r"|cuantos años tienes|la hora\b|que hora es|noticias"
    ),
}

RASGOS = {rasgo: re.compile(patron) for rasgo, patron in _PATRONES.items()}

# "si" without its accent before one of these is no yes: "si me lo dejas", "si hay".
CONDICION_SI = re.compile(
    r"\bsi (?:me|nos|te|le|no|hay|tien\w+|tuv\w+|hub\w+|pued\w+|pod\w+|baj\w+|dej\w+|llevo|compro"
    r"|pido|son|es|esta|queda\w*|alcanz\w+|llega\w*|fuer\w+|se|sal\w+|viene\w*|cuest\w+)\b"
)
# Said about the sale, not about a product: taken out before looking for products.
AJENAS_AL_PRODUCTO = tuple(
    RASGOS[r]
    for r in (Rasgo.DESCUENTO, Rasgo.PRECIO, Rasgo.DUDA, Rasgo.APLAZA, Rasgo.ADIOS, Rasgo.CANCELA)
)

TEMAS = {
    tema: re.compile(patron)
    for tema, patron in {
        "horario": (
            r"a que horas?|hasta que hora|que horas? |horari\w*|\babren\b|\babris\b|\babiert[oa]s?"
            r"\b|\bcierran\b|\bcerrais\b|\bcierra (?:a|hoy|los)|\batienden\b|\batiende (?:hoy|los|el)"
            r"|\babre (?:hoy|los|el|a)|festivos|feriados|trabajan (?:hoy|los|el|mañana|sabados|domin\w+)"
        ),
        "ubicacion": (
            r"donde (?:estan?|queda\w*|estais|se (?:ubican|encuentran)|los (?:encuentro|ubico)|es la"
            r"|tienen|puedo (?:ir|pasar|recoger))|ubicad\w+|ubicacion|(?<!mi )direccion d\w+"
            r"|(?:cual es|me d[ae]s?|su|tu|pas\w+) (?:la |su |tu )?direccion|como llego|sucursal\w*"
            r"|tiendas? fisicas?|local fisico|puntos? de venta|tien\w+ (?:tienda|local|sede)|\bsedes?\b"
            r"|en que (?:barrio|ciudad|colonia|comuna|calle|zona|distrito)|por donde (?:estan|quedan)"
            r"|de donde son|google maps"
        ),
        "envio": (
            r"envios?\b|domicilios?\b|despachos?\b|flete\w*|delivery|repart\w+|acarreo"
            r"|(?:hacen|tienen|tiempo de|costo de|dia de|fecha de) entregas?"
            r"|(?:envian|despachan|mandan|entregan|llevan|traen|enviais|mandais|envias|mandas)"
            r" (?:\w+ )?(?:a|al|en|hasta|por|gratis|hoy|mañana|fuera)\b"
            r"|l[oa]s? (?:traen|llevan|envian|mandan|entregan|traes|mandas|envias)\b"
            r"|cuanto (?:tiempo|se tard|se demor|tard|demor)\w*|cuando (?:\w+ )?(?:lleg|entreg)\w+"
            r"|puedo (?:pasar|recoger|retirar)|recoger en|retiro en|hacen llegar"
        ),
        "pago": (
            r"\b(?:pag(?:o|os|ar|ando|arlo|arle|aria))\b|tarjetas?\b|efectivo|\bcredito\b|\bdebito\b|nequi"
            r"|daviplata|\byape\b|\bplin\b|bizum|mercado ?pago|transferenci\w+|\boxxo\b|paypal|cuotas"
            r"|meses sin|\bfia(?:n|s|do|dos|me|r)\b|\bpse\b|webpay|sinpe|zelle|cheques?\b|contraentrega"
            r"|codigo qr|abon\w+|a plazos|financia\w*|consignar|consignacion|spei|rappi"
        ),
        "factura": r"factura\w*|boletas?\b|comprobante|\bcfdi\b|ticket fiscal|remision",
        "garantia": r"garant\w+",
        "devoluciones": (
            r"(?:puedo|puede|aceptan|hacen|politica\w*|como|hay|tienen|si no) (?:\w+ ){0,6}?"
            r"(?:devol\w+|devuelv\w+|cambios?\b|cambiarl[oa])"
        ),
        "parqueadero": r"parqueader\w*|estacionamient\w*|parking|cochera|parqueo|aparcamient\w*",
        "contacto": (
            r"(?:tienen|cual es|me d[ae]s?|dame|pas\w+|su|tu|algun) (?:\w+ ){0,2}?(?:whats?app|wasap"
            r"|telefono|numero de telefono|correo|celular|pagina|instagram|facebook|redes)"
            r"|pagina web|instagram|facebook"
        ),
        "servicios": (
            r"\binstalan\b|instalacion\b|\balquil\w+|\barriend\w+|\brentan\b|\bcortan\b|\breparan\b"
            r"|\bafilan\b|vacantes?|empleo|hoja de vida|capacitacion|a medida|servicio tecnico"
            r"|son (?:fabricantes|distribuidores|mayoristas|confiables)|quienes son|prestan servicio|trabajar con ustedes|buscan personal"
        ),
    }.items()
}
