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
EVERYDAY = {"c": 1000, "rust": 500, "rust-p1": 500, "go": 150, "js": 100}
THREADS = 4
PIPELINE = 10
PASSES = 5
GROWTH_BYTES_MAX = 1 << 20


def settled_descriptors(pid):
    """How many there are once closed connections are gone from the process, too."""
    counts = []
    for _ in range(20):
        counts.append(len(runner.descriptors(pid)))
        if len(counts) > 3 and len(set(counts[-3:])) == 1:
            break
        time.sleep(0.1)
    return counts[-1]


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
        load(server.port, greeting, PIPELINE)
        workers = server.workers()
        growth = {pid: [] for pid in workers}
        for _ in range(PASSES):
            before = {pid: (runner.rss_bytes(pid), settled_descriptors(pid)) for pid in workers}
            wrong = load(server.port, greeting, requests // PASSES)
            assert not wrong, f"{len(wrong)} wrong answers, the first: {wrong[0]}"
            assert server.workers() == workers
            for pid, (rss, descriptors) in before.items():
                assert settled_descriptors(pid) <= descriptors
                growth[pid].append(runner.rss_bytes(pid) - rss)
        # Slots are made as more requests happen to be in flight at once, and kept: that ends. A leak grows in every pass.
        assert all(min(passes) < GROWTH_BYTES_MAX for passes in growth.values()), growth


def test_a_connection_refused_or_reset_is_no_crash(start):
    """Clients that reset in the middle of everything."""
    with start("c") as server:
        server.allow_log(r"response\.cut") # of the clients that left
        for i in range(200):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(b"GET /bytes/1000000 HTTP/1.1\r\nhost: a\r\n\r\n"[: 5 + i % 40])
        with Connection(server.port) as connection:
            assert connection.request("/").status == 200
