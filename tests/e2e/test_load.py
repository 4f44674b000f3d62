"""Many requests over many connections: none fails, and memory and descriptors are as flat after as before.

SWELL_LOAD_REQUESTS is the number for each of 64 connections: 20000 is what a release is held to."""

import os
import socket
import threading
import time

import pytest

import swell as runner
from client import Connection
from guests import GREETINGS

CONNECTIONS = 64
REQUESTS = int(os.environ.get("SWELL_LOAD_REQUESTS", "0"))
# In the everyday run a guest gets what its weight allows.
EVERYDAY = {"c": 500, "rust": 300, "rust-p1": 300, "go": 60, "js": 20}
THREADS = 4
PIPELINE = 10
GROWTH_BYTES_MAX = 4 << 20


def load(port, greeting, requests):
    """Sends GET / over 64 connections, a few at a time on each; returns the answers that were wrong."""
    wrong = []

    def run(connections):
        try:
            for done in range(0, requests, PIPELINE):
                n = min(PIPELINE, requests - done)
                for connection in connections:
                    connection.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" * n)
                for connection in connections:
                    for _ in range(n):
                        response = connection.response()
                        if response.status != 200 or response.text != greeting or not response.complete:
                            wrong.append(response)
        except Exception as error:  # a thread's failure is the test's
            wrong.append(repr(error))

    connections = [Connection(port, 120) for _ in range(CONNECTIONS)]
    threads = [threading.Thread(target=run, args=(connections[i::THREADS],)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.socket.close()
    return wrong


@pytest.mark.parametrize("name", list(GREETINGS))
def test_nothing_fails_and_nothing_grows(start, name):
    greeting = f"Hello from {GREETINGS[name]} on Swell\n"
    requests = REQUESTS or EVERYDAY[name]
    with start(name, workers=2) as server:
        assert not load(server.port, greeting, max(requests // 5, 10))  # warm-up: slots and pools reach their size
        time.sleep(0.5)
        workers = server.workers()
        before = {pid: (runner.rss_bytes(pid), len(runner.descriptors(pid))) for pid in workers}
        wrong = load(server.port, greeting, requests)
        assert not wrong, f"{len(wrong)} wrong answers, the first: {wrong[0]}"
        time.sleep(0.5)
        assert server.workers() == workers
        for pid, (rss, descriptors) in before.items():
            assert len(runner.descriptors(pid)) == descriptors
            # A worker that got few connections in the warm-up may still make slots: its share is left out of the bound.
            assert runner.rss_bytes(pid) <= max(rss * 1.5, rss + GROWTH_BYTES_MAX)


def test_a_connection_refused_or_reset_is_no_crash(start):
    """Clients that reset in the middle of everything."""
    with start("c") as server:
        for i in range(200):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(b"GET /bytes/1000000 HTTP/1.1\r\nhost: a\r\n\r\n"[: 5 + i % 40])
        with Connection(server.port) as connection:
            assert connection.request("/").status == 200
