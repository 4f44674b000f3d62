"""No request sees what another left in memory, with either way to reset it.

SWELL_CANARY_REQUESTS raises the number of requests: 200000 is what a release is held to."""

import os

import pytest

from client import Connection

REQUESTS = int(os.environ.get("SWELL_CANARY_REQUESTS", "20000"))
CONNECTIONS = 4
BATCH = 50


@pytest.mark.parametrize("reset", ["scan", "pagemap"])
def test_the_hunter_never_finds_the_secret(served, reset):
    server = served("hostile", SWELL_RESET=reset)
    connections = [Connection(server.port) for _ in range(CONNECTIONS)]
    for done in range(0, REQUESTS, BATCH * CONNECTIONS):
        # Writers and hunters are mixed, so that slots change hands between them in every order.
        paths = [["/write" if (i * 7 + j + done) % 3 else "/hunt" for i in range(BATCH)] for j in range(CONNECTIONS)]
        for connection, batch in zip(connections, paths):
            connection.send(b"".join(b"GET %s HTTP/1.1\r\nhost: a\r\n\r\n" % path.encode() for path in batch))
        for connection, batch in zip(connections, paths):
            for path in batch:
                response = connection.response()
                assert (response.status, response.text) == (200, "written\n" if path == "/write" else "clean\n")
    for connection in connections:
        connection.socket.close()
