"""What a client sees on the wire: keep-alive, pipelining, methods, statuses, HEAD, limits, bad requests, back-pressure."""

import time

import pytest

import guests
import swell as runner
from client import Connection, Cut, get


@pytest.fixture
def port(served):
    return served("c").port


def test_keeps_the_connection_alive(port):
    with Connection(port) as connection:
        for _ in range(50):
            assert connection.request("/").status == 200


def test_answers_pipelined_requests_in_order(port):
    with Connection(port) as connection:
        connection.send(b"".join(b"GET /path?n=%d HTTP/1.1\r\nhost: a\r\n\r\n" % n for n in range(100)))
        for n in range(100):
            assert connection.response().text == f"/path?n={n}"


def test_pipelined_bodies_do_not_run_into_each_other(port):
    with Connection(port) as connection:
        connection.send(b"".join(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nbody%d" % n for n in range(10)))
        for n in range(10):
            assert connection.response().body == b"body%d" % n


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_passes_the_method_on(port, method):
    assert get(port, "/method", method=method).text == method


@pytest.mark.parametrize("path, status, text", [("health", 200, "OK"), ("info", 200, '{"name":"%s"}'), ("other", 404, ""), ("", 404, "")])
def test_answers_its_own_paths_before_any_route(port, path, status, text):
    response = get(port, f"/.well-known/spin/{path}")
    assert (response.status, response.text) == (status, text.replace("%s", guests.build("c").stem))


def test_head_has_no_body(port):
    with Connection(port) as connection:
        response = connection.request("/", method="HEAD")
        assert (response.status, response.body) == (200, b"")
        assert connection.request("/").text == "Hello from C on Swell\n"


@pytest.mark.parametrize("status", [200, 201, 404, 418, 503, 599])
def test_passes_the_status_on(port, status):
    assert get(port, f"/status/{status}").status == status


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_none(port, status):
    with Connection(port) as connection:
        assert connection.request(f"/status/{status}").status == status
        assert connection.request("/").status == 200


@pytest.mark.parametrize("size", [0, 1, 100000, 20000000])
def test_streams_a_large_answer(port, size):
    response = get(port, f"/bytes/{size}")
    pattern = bytes(ord("a") + i % 26 for i in range(65536))
    assert response.complete and response.body == (pattern * (size // 65536 + 1))[:size]


def test_adds_what_spin_tells_a_guest(port):
    text = get(port, "/headers", fields=[("spin-client-addr", "1.2.3.4:5")]).text.lower()
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    assert text.count("spin-client-addr") == 1 and fields["spin-client-addr"].startswith("127.0.0.1:")
    assert fields["spin-full-url"] == "http://test.example/headers"
    assert fields["spin-path-info"] == "/headers"
    assert fields["spin-raw-component-route"] == "/..."


def test_connection_close_is_obeyed(port):
    with Connection(port) as connection:
        assert connection.request("/", fields=[("connection", "close")]).status == 200
        assert not connection.more()


def test_http_1_0_is_answered_and_closed(port):
    with Connection(port) as connection:
        connection.send(b"GET / HTTP/1.0\r\nhost: a\r\n\r\n")
        response = connection.response()
        assert response.text == "Hello from C on Swell\n" and response.get("transfer-encoding") is None


def test_expect_continue_is_answered(port):
    with Connection(port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        assert connection.response().status == 100
        connection.send(b"abc")
        assert connection.response().body == b"abc"


@pytest.mark.parametrize("text, status", [
    (b"nonsense\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400),
    (b"GET / HTTP/3.0\r\nhost: a\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 100000 + b"\r\n\r\n", 431),
])
def test_a_bad_request_is_refused_and_the_connection_closed(port, text, status):
    with Connection(port) as connection:
        connection.send(text)
        assert connection.response().status == status
        assert not connection.more()


def test_bad_chunks_end_the_connection(served):
    port = served("c").port
    served("c").allow_log(r"response\.cut|guest\.trap .* path=/echo")
    with Connection(port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
        try:
            response = connection.response()
            assert response.status in (400, 500) or not response.complete
        except Cut:
            pass
        assert not connection.more()


def test_a_slow_reader_holds_the_guest_back(served):
    server = served("c")
    get(server.port)
    worker = server.workers()[0]
    before = runner.rss_bytes(worker)
    with Connection(server.port) as connection:
        connection.send(b"GET /bytes/1000000000 HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(1)
        assert runner.rss_bytes(worker) - before < 16 << 20
        assert get(server.port).status == 200


def test_a_client_that_leaves_early_harms_nobody(served):
    server = served("c")
    server.allow_log(r"response\.cut|guest\.trap .* path=/echo") # the echo traps on a request that breaks off
    for path in ("/bytes/100000000", "/echo"):
        for _ in range(20):
            with Connection(server.port) as connection:
                connection.send(f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nabc".encode())
    assert get(server.port).status == 200


def test_descriptors_are_given_back(served):
    server = served("c")
    get(server.port)
    time.sleep(0.3)
    before = {pid: len(runner.descriptors(pid)) for pid in [server.pid, *server.workers()]}
    for _ in range(30):
        get(server.port, "/headers")
    time.sleep(0.3)
    assert {pid: len(runner.descriptors(pid)) for pid in before} == before
