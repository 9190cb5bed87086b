"""When a person of the shop answers: hours by weekday, in the shop's own time zone."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date
from pydantic import AfterValidator, Field

Dia = Literal["lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"]
DIAS: tuple[Dia, ...] = (
    *("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"),
)
_NOMBRES = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
_INTERVALO = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DIA_ENTERO = 24 * 60
# A shop that opens no day of the next two months promises none.
_DIAS_MAX = 62
_INTERVALOS_MAX = 6

# Of the capital, for countries that have several: a shop elsewhere says its own.
_ZONAS = {
    "AR": "America/Argentina/Buenos_Aires", "BO": "America/La_Paz", "BR": "America/Sao_Paulo",
    "CL": "America/Santiago", "CO": "America/Bogota", "CR": "America/Costa_Rica",
    "CU": "America/Havana", "DO": "America/Santo_Domingo", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "GT": "America/Guatemala", "HN": "America/Tegucigalpa",
    "MX": "America/Mexico_City", "NI": "America/Managua", "PA": "America/Panama",
    "PE": "America/Lima", "PR": "America/Puerto_Rico", "PY": "America/Asuncion",
    "SV": "America/El_Salvador", "US": "America/New_York", "UY": "America/Montevideo",
    "VE": "America/Caracas",
}  # fmt: skip


def zona_de(pais: str | None) -> str | None:
    return _ZONAS.get(pais or "")


def zona(value: str) -> str:
    """A name of the IANA database. Raises ValueError."""
    if value.strip() not in _known():
        raise ValueError("no es una zona horaria, como America/Bogota")
    return value.strip()


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def _day(intervals: list[str]) -> list[str]:
    """In order and written alike. Raises ValueError for what is empty or overlaps."""
    read = sorted(_minutes(i) for i in intervals)
    for (_, end), (start, _) in zip(read, read[1:], strict=False):
        if start < end:
            raise ValueError("los intervalos de un día no se pisan")
    return [f"{_clock(a)}-{_clock(b)}" for a, b in read]


def _minutes(interval: str) -> tuple[int, int]:
    found = _INTERVALO.fullmatch(interval.strip())
    if found is None:
        raise ValueError("un intervalo es como 08:00-12:30, hasta 24:00")
    start = int(found[1]) * 60 + int(found[2])
    end = _DIA_ENTERO if found[3] is None else int(found[3]) * 60 + int(found[4])
    if end <= start:
        raise ValueError("un intervalo termina después de empezar; lo de después de las 24:00 "
                         "va en el día siguiente")  # fmt: skip
    return start, end


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


_Intervalos = Annotated[list[str], Field(max_length=_INTERVALOS_MAX), AfterValidator(_day)]
Horario = dict[Dia, _Intervalos]
HorarioCambios = dict[Dia, _Intervalos | None]


# --- the clock ---------------------------------------------------------------------------------


def proxima_apertura(
    horario: Mapping[Any, Sequence[str]] | None,
    zona_horaria: str | None,
    festivos: Sequence[date],
    ahora: datetime,
) -> datetime | None:
    """When somebody will be there next, in the shop's own time; None while somebody is, or where
    the shop says nothing that it can be known from."""
    if not horario or zona_horaria is None:
        return None
    here = ahora.astimezone(ZoneInfo(zona_horaria))
    for n in range(_DIAS_MAX):
        day = here.date() + timedelta(days=n)
        if day in festivos:
            continue
        for start, end in map(_minutes, horario.get(DIAS[day.weekday()], ())):
            opens = datetime.combine(day, time(start // 60, start % 60), here.tzinfo)
            if n == 0 and start <= here.hour * 60 + here.minute < end:
                return None
            if opens > here:
                return opens
    return None


def decir_cuando(opens: datetime, ahora: datetime) -> str:
    """ "mañana viernes 27 de noviembre desde las 8:00", as it is from `ahora`."""
    today = ahora.astimezone(opens.tzinfo).date()
    near = {0: "hoy", 1: "mañana"}.get((opens.date() - today).days, "el")
    day = format_date(opens.date(), "EEEE d 'de' MMMM", locale="es")
    clock = f"{opens.hour}:{opens.minute:02}"
    return f"{near} {day} desde {'la' if opens.hour == 1 else 'las'} {clock}"


def decir_horario(horario: Mapping[Any, Sequence[str]] | None) -> str:
    """ "Lunes a viernes de 8:00 a 12:00 y de 14:00 a 18:00; sábado de 9:00 a 13:00." """
    groups: list[tuple[int, int, Sequence[str]]] = []
    for n, day in enumerate(DIAS):
        hours = (horario or {}).get(day, ())
        if groups and groups[-1][1] == n - 1 and groups[-1][2] == hours:
            groups[-1] = (groups[-1][0], n, hours)
        elif hours:
            groups.append((n, n, hours))
    said = "; ".join(f"{_days(a, b)} {_hours(hours)}" for a, b, hours in groups)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _days(first: int, last: int) -> str:
    if first == last:
        return _NOMBRES[first]
    return f"{_NOMBRES[first]} {'y' if last == first + 1 else 'a'} {_NOMBRES[last]}"


def _hours(intervals: Sequence[str]) -> str:
    read = [_minutes(i) for i in intervals]
    return " y ".join(f"de {_spoken(a)} a {_spoken(b)}" for a, b in read)


def _spoken(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
