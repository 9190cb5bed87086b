"""A turn reads what a person may have written, and not what would cost its process a minute."""

from core.agente.legible import MAX_SEGUIDO, MAX_TEXTO, MAX_TURNO, legibles
from core.mensajes.turnos import MensajePendiente


def waiting(*textos: str) -> list[MensajePendiente]:
    return [MensajePendiente(n, texto, "texto", None) for n, texto in enumerate(textos)]


def test_what_people_write_is_read_whole() -> None:
    said = waiting("hola", "quiero 3 martillos, " * 200, "", "y una pala")
    said.append(MensajePendiente(9, "Confirmar", "texto", None, leido="Sí, confirmo."))
    assert list(legibles(said)) == said


def test_of_one_endless_text_the_beginning_is_read_and_all_of_it_kept() -> None:
    endless = "martillo " * 50_000
    [read] = legibles(waiting(endless))
    assert (read.palabras, read.texto) == (endless[:MAX_TEXTO], endless)


def test_of_an_endless_burst_the_newest_is_read() -> None:
    burst = [f"{n} " + "x " * 2000 for n in range(100)]
    read = [m.palabras for m in legibles(waiting(*burst, "Sí."))]
    assert read == [*[""] * 96, *burst[-4:], "Sí."]
    assert sum(map(len, read)) <= MAX_TURNO


def test_of_an_endless_word_the_beginning_is_read_and_what_follows_it() -> None:
    [read] = legibles(waiting(f"Teléfono: +{'9' * 4000} Ana"))
    assert read.palabras == f"Teléfono: +{'9' * (MAX_SEGUIDO - 1)} Ana"


def test_nothing_older_is_read_beside_what_was_left_out() -> None:
    older, newer = ["Sí.", "x " * 2000], ["y " * 2000] * 4
    assert [m.palabras for m in legibles(waiting(*older, *newer))] == ["", "", *newer]
