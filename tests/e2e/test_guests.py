"""Each guest language answers: a greeting, the request's fields, a body streamed both ways."""

import hashlib
import os
import threading
import time

import pytest

import guests
from client import Connection, get
from guests import GREETINGS

each_guest = pytest.mark.parametrize("name", list(GREETINGS))


@each_guest
def test_says_hello(served, name):
    response = get(served(name).port)
    assert (response.status, response.text) == (200, f"Hello from {GREETINGS[name]} on Swell\n")
    assert response.get("content-type") == "text/plain"
    assert response.get("date")


@each_guest
def test_sees_the_fields_of_the_request_in_order(served, name):
    response = get(served(name).port, "/headers", fields=[("X-One", "1"), ("x-two", "zwei ü"), ("X-One", "again")])
    lines = response.text.splitlines()
    mine = [line for line in lines if line.lower().startswith("x-")]
    assert mine == ["x-one: 1", "x-two: zwei ü", "x-one: again"]


@each_guest
def test_answers_404_itself(served, name):
    response = get(served(name).port, "/none")
    assert (response.status, response.text) == (404, "nothing here\n")


@each_guest
@pytest.mark.parametrize("size", [0, 1, 65536, 8 << 20])
def test_streams_a_body_both_ways(served, name, size):
    body = os.urandom(size)
    with Connection(served(name).port) as connection:
        sender = threading.Thread(target=connection.send, args=(
            f"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n".encode() + body,))
        sender.start()
        response = connection.response()
        sender.join()
    assert response.status == 200 and response.complete
    assert len(response.body) == size
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(body).digest()


@each_guest
def test_streams_a_chunked_body_both_ways(served, name):
    parts = [os.urandom(size) for size in (1, 10, 4096, 100000, 3)]
    with Connection(served(name).port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        for part in parts:
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        connection.send(b"0\r\n\r\n")
        response = connection.response()
    assert response.complete and response.body == b"".join(parts)


def test_echo_answers_before_the_body_has_ended(served):
    with Connection(served("c").port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        while b"hello" not in connection.buffer:
            assert connection.more()
        connection.send(b"0\r\n\r\n")
        assert connection.response().body == b"hello"


# ---- what the standard library of a language asks of WASI: Rust on WASI 0.2 by itself, and on 0.1 through the adapter ----

each_rust = pytest.mark.parametrize("name", ["rust", "rust-p1"])


@each_rust
def test_the_environment_is_what_was_given_and_no_more(start, name):
    with start(["-f", str(guests.build(name)), "--env", "A=1", "--env", "B=x=y"]) as server:
        assert sorted(get(server.port, "/env").text.splitlines()) == ["A=1", "B=x=y"]


@each_rust
def test_what_a_guest_prints_is_shown(start, name):
    with start(name) as server:
        assert get(server.port, "/print").text == "printed\n"
        server.stop()
        shown = server.log() + server.process.stdout.read().decode()
        assert "to stdout" in shown and "to stderr" in shown


@each_rust
def test_quiet_hides_what_a_guest_prints(start, name):
    with start(["-f", str(guests.build(name)), "--quiet"]) as server:
        assert get(server.port, "/print").text == "printed\n"
        server.stop()
        shown = server.log() + server.process.stdout.read().decode()
        assert "to stdout" not in shown and "to stderr" not in shown


@each_rust
def test_a_panic_answers_500_and_its_message_is_shown(start, name):
    with start(name) as server:
        server.expect_log(r"guest|request|trap|panicked")
        server.expect_log("asked to")
        assert get(server.port, "/panic").status == 500
        assert get(server.port).status == 200


@each_rust
def test_no_file_is_there(served, name):
    assert get(served(name).port, "/file").text.strip() in ("NotFound", "Uncategorized", "Other", "PermissionDenied")


@each_rust
def test_clocks_go_on(served, name):
    now, slept = get(served(name).port, "/time").text.split()
    assert abs(int(now) - time.time()) < 5
    assert 25 <= int(slept) < 1000


@each_rust
def test_random_numbers_differ_between_requests(served, name):
    port = served(name).port
    assert len({get(port, "/random").text for _ in range(20)}) == 20
