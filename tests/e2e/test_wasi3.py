"""WASI 0.3: a service with streams and tasks, and a command; from a core module in text form, by the name 0.3.0 and by its release candidate."""

import os
import subprocess
import time

import pytest

import guests
import swell as runner
from client import Connection, get

MIB = bytes(range(256)) * 4096
TEXT = b"Hello by a stream\n"
LIMIT_MS = 400
SECONDS = 10

TRAP = r"guest\.trap component=\S+ method=GET path={} kind=unreachable: the guest executed 'unreachable'"
REFUSED = r"response\.error component=\S+ method=GET path=/refuse: the handler set an error"
CUT = r"response\.cut component=\S+ method=GET path=/cut: the handler ended before its response did"
LIMIT = rf"limit\.time component=\S+ method=GET path=/never limit_ms={LIMIT_MS} "

# path: status, body, complete, log lines
ROWS = {
    "/text": (200, TEXT, True, []),
    "/later": (200, TEXT, True, ["the task went on"]),
    "/unreachable": (500, b"", True, [TRAP.format("/unreachable")]),
    "/refuse": (500, b"", True, [REFUSED]),
    "/cut": (200, TEXT, False, [TRAP.format("/cut"), CUT]),
    "/never": (504, f"the request took longer than its limit of {LIMIT_MS} ms\n".encode(), True, [LIMIT]),
}
LIMITS = ["--request-timeout", f"{LIMIT_MS}ms"]


def until(what, so):
    end = time.monotonic() + SECONDS
    while not so():
        assert time.monotonic() < end, f"not within {SECONDS} s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("guest", ["wasi3", "wasi3-rc"])
@pytest.mark.parametrize("path", ROWS)
def test_answers(start, guest, path):
    status, body, complete, log = ROWS[path]
    with start(["-f", str(guests.build(guest)), *LIMITS]) as server:
        for pattern in log:
            server.expect_log(pattern)
        answer = get(server.port, path)
        assert (answer.status, answer.body, answer.complete) == (status, body, complete)
        if body == TEXT:
            assert answer.get("content-type") == "text/plain"
        if path == "/later":
            until("the task went on", lambda: "the task went on" in server.log())
        assert get(server.port, "/text").body == TEXT


@pytest.mark.parametrize("path", ["/body", "/pass", "/all"])
@pytest.mark.parametrize("body", [b"", b"x", MIB], ids=["nothing", "a-byte", "a-mebibyte"])
def test_streams_both_ways(served, path, body):
    answer = get(served("wasi3").port, path, method="POST", body=body)
    assert (answer.status, answer.complete) == (200, True)
    assert answer.body == body


@pytest.mark.parametrize("path", ["/body", "/pass", "/all"])
def test_a_piece_comes_back_before_the_next_is_sent(served, path):
    with Connection(served("wasi3").port) as connection:
        connection.send(b"POST %s HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" % path.encode())
        for piece in (b"one", b"three", b"seven"):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            assert piece in connection.until(piece) + piece
        connection.send(b"0\r\n\r\n")
        connection.until(b"0\r\n\r\n")


def test_who_waits_for_the_end_of_a_body_that_comes_piece_by_piece(served):
    with Connection(served("wasi3").port) as connection:
        connection.send(b"POST /over HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(3):
            connection.send(b"3\r\none\r\n")
            time.sleep(0.1)  # so that the guest waits already
        connection.send(b"0\r\n\r\n")
        assert b"200 OK" in connection.until(TEXT)


@pytest.mark.parametrize("path", ["/body", "/pass", "/all"])
def test_a_client_that_leaves_ends_the_request(served, path):
    server = served("wasi3")
    server.allow_log(rf"response\.cut component=\S+ method=POST path={path}")
    worker = server.workers()[0]
    get(server.port, "/text")
    before = len(runner.descriptors(worker))
    for _ in range(10):
        with Connection(server.port) as connection:
            connection.send(b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\npart" % path.encode())
            connection.until(b"part")
    until("the descriptors are as before", lambda: len(runner.descriptors(worker)) <= before)
    assert get(server.port, path, method="POST", body=MIB).body == MIB


@pytest.mark.parametrize("path", ["/pass", "/all"])
def test_a_body_that_breaks_off_breaks_off_its_answer(served, path):
    server = served("wasi3")
    server.allow_log(rf"response\.cut component=\S+ method=POST path={path}")
    with Connection(server.port) as connection:
        connection.send(b"POST %s HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n" % path.encode())
        connection.until(b"part")
        connection.send(b"no size\r\n")
        rest = connection.buffer
        while connection.more():
            rest = connection.buffer
        assert b"\r\n0\r\n" not in rest
    assert get(server.port, path, method="POST", body=b"whole").body == b"whole"


def test_a_body_that_stalls_ends_with_the_request_limit(start):
    with start(["-f", str(guests.build("wasi3")), *LIMITS]) as server:
        server.allow_log(r"response\.cut|limit\.time")
        with Connection(server.port) as connection:
            connection.send(b"POST /pass HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\npart")
            connection.until(b"part")
            while connection.more():
                pass
        assert get(server.port, "/text").body == TEXT


def test_many_requests_leave_nothing_behind(served):
    server = served("wasi3")
    worker = server.workers()[0]
    get(server.port, "/text")
    before = len(runner.descriptors(worker))
    for number in range(200):
        path, body = ("/body", b"%d" % number) if number % 2 else ("/text", b"")
        answer = get(server.port, path, method="POST", body=body)
        assert answer.body == (body if number % 2 else TEXT)
    until("the descriptors are as before", lambda: len(runner.descriptors(worker)) <= before)
    assert server.workers() == [worker]


def command(guest, tmp_path, cache):
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache)}
    return subprocess.run([str(runner.program()), "run", str(guests.build(guest))], env=environment, capture_output=True, timeout=120)


def test_command(tmp_path, cache):
    done = command("wasi3-command", tmp_path, cache)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"Written by a stream\n", b"")


def test_two_handlers_are_refused(tmp_path, cache):
    done = subprocess.run([str(runner.program()), "up", "-f", str(guests.build("wasi3-both")), "--listen", "127.0.0.1:0"], cwd=tmp_path,
                          env={**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert ("Expected component to export one of `wasi:http/incoming-handler@0.2.x`, `wasi:http/handler@0.3.x`, "
            "`fermyon:spin/inbound-http` but it exported two of them") in done.stderr
