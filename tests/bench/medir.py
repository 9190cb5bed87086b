"""Clients and clocks of the bench."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

import psutil


def requests_per_second(
    port: int,
    path: str,
    body: Callable[[int, int], dict[str, object]],
    headers: dict[str, str],
    *,
    clients: int,
    seconds: float,
) -> float:
    """POSTs answered 2xx a second by `clients` keep-alive connections. Raises on any other."""
    end = time.monotonic() + seconds

    def one(client: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        n = 0
        while time.monotonic() < end:
            connection.request("POST", path, json.dumps(body(client, n)), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 202):
                raise AssertionError(f"{path} answered {answer.status}")
            n += 1
        connection.close()
        return n

    start = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        total = sum(pool.map(one, range(clients)))
    return total / (time.monotonic() - start)


def until(done: Callable[[], bool], *, seconds: float = 120.0) -> float:
    """Seconds until `done`, looked at every 20 ms. Raises when it never is."""
    start = time.monotonic()
    pause = threading.Event()
    while not done():
        if time.monotonic() - start > seconds:
            raise AssertionError("the work did not end")
        pause.wait(0.02)
    return time.monotonic() - start


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes so far."""
    total = 0.0
    for pid in pids:
        times = psutil.Process(pid).cpu_times()
        total += times.user + times.system
    return total


@contextmanager
def paused(pids: list[int]) -> Iterator[None]:
    """These processes stand still inside, and go on after."""
    for pid in pids:
        psutil.Process(pid).suspend()
    try:
        yield
    finally:
        for pid in pids:
            psutil.Process(pid).resume()


def in_turn(
    a: Callable[[], float], b: Callable[[], float], *, rounds: int
) -> tuple[float, float, float]:
    """(median a, median b, median of the pairwise a/b), the two run in turn: A B A B …"""
    pairs = [(a(), b()) for _ in range(rounds)]
    return (
        median(x for x, _ in pairs),
        median(y for _, y in pairs),
        median(x / y for x, y in pairs),
    )
