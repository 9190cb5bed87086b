"""One start of everything, and what must be true of it: the two commands' promises."""

import os
import signal
import socket
from contextlib import suppress

import pytest

from tests.recorrido import import_catalogo, sell_hammers
from tests.stack import Stack, eventually, free_ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_says_listo_and_where_everything_is(stack: Stack) -> None:
    said = stack.output
    assert "\nListo\n" in said
    assert f"{stack.url}/\n" in said
    assert f"{stack.url}/docs\n" in said
    assert f"{stack.flower_url}/\n" in said
    assert f"{stack.data_dir}/credenciales.txt" in said


def test_at_listo_it_is_healthy_and_every_process_runs(stack: Stack) -> None:
    health = stack.get("/salud")
    assert (health.status, health.json["estado"]) == (200, "ok"), health.text
    expected = {"postgres", "valkey", "web", "chat", "chat_solo", "envio", "catalogo"}
    assert expected | {"mantenimiento", "beat", "flower"} <= set(stack.pids())


def test_a_file_is_imported_and_a_customer_served_once(stack: Stack) -> None:
    token = stack.login()
    import_catalogo(stack, token)
    sell_hammers(stack, token, chat_id="cliente-1")


def test_a_second_start_on_the_same_data_dir_is_refused(stack: Stack) -> None:
    second = Stack(stack.data_dir, *free_ports(2), output_name="segundo")
    said = second.refuse()
    assert "ya está en uso" in said
    assert stack.url in said
    assert stack.get("/salud").status == 200


@pytest.mark.parametrize("name", ["PORT", "FLOWER_PORT"])
def test_a_busy_port_is_refused_by_its_name(
    stack: Stack, name: str, tmp_path: os.PathLike[str]
) -> None:
    port, flower_port = free_ports(2)
    other = Stack(stack.data_dir.parent / "otro", port, flower_port)
    other.environment = {name: str(stack.port)}
    assert f"{name}={stack.port} ya está ocupado" in other.refuse()


@pytest.mark.parametrize("name", ["chat", "web", "valkey", "postgres", "beat"])
def test_what_is_killed_runs_again_within_seconds(stack: Stack, name: str) -> None:
    before = stack.pids()[name]
    os.kill(before, signal.SIGKILL)
    after = eventually(lambda: stack.pids().get(name, before) != before, seconds=15)
    assert after, stack.tails()
    assert eventually(lambda: _healthy(stack), seconds=180), stack.tails()


def _healthy(stack: Stack) -> bool:
    try:
        return stack.get("/salud").status == 200
    except OSError:
        return False


def test_sigterm_leaves_nothing_running_and_a_later_start_has_the_same_data(stack: Stack) -> None:
    assert stack.stop() == 0
    assert stack.left_running() == []
    assert _is_free(stack.port)
    assert _is_free(stack.flower_port)
    stack.start()
    history = stack.get("/chat/historial/cliente-1", token=stack.login())
    assert len(history.json["mensajes"]) == 6


def test_a_killed_launcher_takes_everything_with_it_and_the_next_start_waits_for_the_last(
    stack: Stack,
) -> None:
    stack.kill()
    stack.start()
    assert stack.get("/salud").status == 200


def test_after_kill_9_of_everything_the_next_start_has_the_same_data(stack: Stack) -> None:
    supervisor = int((stack.data_dir / "supervisord.pid").read_text())
    everything = [*stack.pids().values(), supervisor]
    stack.kill()
    for pid in everything:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stack.start()
    history = stack.get("/chat/historial/cliente-1", token=stack.login())
    assert len(history.json["mensajes"]) == 6


def test_a_killed_supervisor_is_replaced(stack: Stack) -> None:
    pid = int((stack.data_dir / "supervisord.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: "supervisor se ha caído" in stack.output, seconds=60)
    assert eventually(lambda: _healthy(stack), seconds=180), stack.tails()
