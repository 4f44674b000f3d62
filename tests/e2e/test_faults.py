"""SWELL_FAULT=[PROCESS:]POINT:N: one failure of the system, somewhere. Whatever it hits: an answer or a close, never a crash, then all is well."""

import contextlib
import re
import time

import pytest

import guests
import swell as runner
from client import Connection, Cut, get

HELLO = "Hello from C on Swell\n"
FEW = (1, 2, 3, 4, 6, 9)
MANY = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 130, 160, 200, 300, 500)

ROWS = [
    *(("worker", "alloc", n) for n in MANY),
    *(("worker", "loop.accept", n) for n in FEW),
    *(("worker", "loop.stream", n) for n in FEW),
    *(("worker", "loop.read", n) for n in FEW),
    *(("worker", "loop.write", n) for n in FEW),
    *(("worker", "engine.slot", n) for n in (1, 2, 3)),
    *(("worker", "engine.grow", n) for n in (1, 2, 3)),
    *(("worker", "engine.stack", n) for n in (1, 2)),
    *(("worker", "engine.reset", n) for n in FEW),
    *(("worker", "node.send", n) for n in (1, 3)),  # the second one says that it lives on after accepting: below
    *(("worker", "node.receive", n) for n in (1, 2)),  # the third tells it to accept: below
    *(("supervisor", "alloc", n) for n in MANY),
    *(("supervisor", "loop.spawn", n) for n in (1, 2, 3)),
    *(("supervisor", "loop.stream", n) for n in (1, 2)),
    *(("supervisor", "node.send", n) for n in (1, 2, 3)),
    *(("supervisor", "node.receive", n) for n in (1, 2, 3)),
]
# What the log may say: who failed, and what that meant for a request or a process. Anything else at warn or error fails the test.
EXPECTED = re.compile(r" base: fault point=| trigger: (request\.failed|guest\.trap|response\.(cut|none)|limit\.\w+|worker\.\w+) | node: ")


def tolerant(port, method, path, body=b""):
    """An answer that says what happened, or a close."""
    with contextlib.suppress(Cut, ConnectionError):
        with Connection(port, timeout=20) as connection:
            response = connection.request(path, method=method, body=body)
            assert 200 <= response.status < 600, response


def traffic(port):
    tolerant(port, "GET", "/")
    tolerant(port, "POST", "/echo", b"x" * 100000)
    tolerant(port, "GET", "/bytes/300000")
    tolerant(port, "GET", "/headers")


def check_well(server):
    """Within a few seconds (a worker may have to be replaced) everything is served, again and again."""
    end = time.monotonic() + 10
    good = 0
    body = b"y" * 100000
    while good < 5:
        try:
            fine = get(server.port).text == HELLO and get(server.port, "/echo", method="POST", body=body).body == body
            good = good + 1 if fine else 0  # a fault may strike here too
        except (Cut, OSError):
            good = 0
        assert time.monotonic() < end, server.log()
    assert len(server.workers()) == 1


def check_refused(server):
    """It could not start: it says so and ends, with no process left."""
    code = server.process.wait(20)
    log = server.log()
    assert code in (1, 2) and re.search(r"^error: ", log, re.M), (code, log)


@pytest.mark.parametrize("process, point, n", ROWS, ids=[f"{process}-{point}-{n}" for process, point, n in ROWS])
def test_a_fault_costs_little(cache, tmp_path, process, point, n):
    server = runner.Swell("-f", str(guests.build("c")), cache=cache, log=tmp_path / "swell.log",
                          env={"SWELL_FAULT": f"{process}:{point}:{n}"})
    try:
        try:
            server.await_ready()
        except AssertionError:
            check_refused(server)
        else:
            traffic(server.port)
            check_well(server)
            assert server.stop() == 0, server.log()
        log = server.log()
        assert not runner.NEVER.search(log), log
        strange = [line for line in log.splitlines() if re.search(r"^\S+Z (WARN|ERROR) ", line) and not EXPECTED.search(line)]
        assert not strange, "\n".join(strange)
    finally:
        server.kill()


@pytest.mark.parametrize("point", ["node.receive:3", "node.send:2"])
def test_workers_that_all_die_when_they_accept_end_it(cache, tmp_path, point):
    """Nobody would ever be served: who started it has to know."""
    server = runner.Swell("-f", str(guests.build("c")), cache=cache, log=tmp_path / "swell.log", env={"SWELL_FAULT": f"worker:{point}"})
    try:
        server.await_ready()
        check_refused(server)
        end = time.monotonic() + 10  # the supervisor's lines have a queue of their own
        while not (" a packet: " in server.log() and "is started again in" in server.log()) and time.monotonic() < end:
            time.sleep(0.02)
        assert " a packet: " in server.log() and "is started again in" in server.log()
    finally:
        server.kill()


@pytest.mark.parametrize("point, n", [(point, n) for point in ("node.stage", "node.commit", "loop.spawn") for n in (1, 2)])
def test_a_fault_while_compiling_leaves_no_file(tmp_path, point, n):
    """It says so and ends, with the cache as it was; the next start compiles."""
    folder = tmp_path / "cache/swell/aot"
    server = runner.Swell("-f", str(guests.build("c")), cache=tmp_path / "cache", log=tmp_path / "swell.log",
                          env={"SWELL_FAULT": f"supervisor:{point}:{n}"})
    try:
        with pytest.raises(AssertionError):
            server.await_ready()
        check_refused(server)
        assert not list(folder.iterdir())
    finally:
        server.kill()
    with runner.Swell("-f", str(guests.build("c")), cache=tmp_path / "cache", log=tmp_path / "swell.log") as server:
        assert get(server.port).text == HELLO
        assert {path.suffix for path in folder.iterdir()} == {".cwasm", ".img"}


@pytest.mark.parametrize("text, message", [
    ("nonsense:1", "'nonsense' is no fault point; there are alloc, loop.accept"),
    ("alloc", "expected [PROCESS:]POINT:N with N from 1 to"),
    ("alloc:0", "expected [PROCESS:]POINT:N with N from 1 to"),
    ("alloc:x", "expected [PROCESS:]POINT:N with N from 1 to"),
    ("nobody:alloc:1", "'nobody' is no fault point"),
])
def test_a_fault_that_does_not_exist_is_explained(cache, tmp_path, text, message):
    server = runner.Swell("-f", str(guests.build("c")), cache=cache, log=tmp_path / "swell.log", env={"SWELL_FAULT": text})
    try:
        with pytest.raises(AssertionError):
            server.await_ready()
        assert server.process.wait(5) == 2 and "error: SWELL_FAULT: " in server.log() and message in server.log()
    finally:
        server.kill()
