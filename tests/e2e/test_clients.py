"""Hostile clients, one row each: the exact answers, whether the connection ends, and that everyone else is served as before."""

import contextlib
import socket
import struct
import time

import pytest

import swell as runner
from client import Connection, Cut, get

HELLO = "Hello from C on Swell\n"
OPEN, CLOSED = "open", "closed"


def head(line="GET / HTTP/1.1", *fields, host=b"host: a\r\n"):
    return line.encode("latin-1") + b"\r\n" + host + b"".join(field.encode("latin-1") + b"\r\n" for field in fields) + b"\r\n"


def post(*fields, body=b""):
    return head("POST /echo HTTP/1.1", *fields) + body


NEXT = head()  # smuggled or honest: what stands behind the first request
CHUNKED = "transfer-encoding: chunked"

# name: what is sent, the statuses that come back, and what becomes of the connection
ROWS = {
    # request smuggling
    "length-and-chunked": (post("content-length: 5", CHUNKED, body=b"0\r\n\r\n" + NEXT), [400], CLOSED),
    "chunked-and-length": (post(CHUNKED, "content-length: 5", body=b"0\r\n\r\n" + NEXT), [400], CLOSED),
    "length-twice-different": (post("content-length: 0", "content-length: 40", body=NEXT), [400], CLOSED),
    "length-twice-equal": (post("content-length: 0", "content-length: 0", body=NEXT), [400], CLOSED),
    "length-list": (post("content-length: 0, 0", body=NEXT), [400], CLOSED),
    "length-plus": (post("content-length: +5", body=b"hello"), [400], CLOSED),
    "length-minus": (post("content-length: -1"), [400], CLOSED),
    "length-hexadecimal": (post("content-length: 0x5", body=b"hello"), [400], CLOSED),
    "length-empty": (post("content-length:"), [400], CLOSED),
    "length-of-66-bits": (post("content-length: 73786976294838206464"), [413], CLOSED),
    "length-with-inner-space": (post("content-length: 1 0"), [400], CLOSED),
    "chunked-twice": (post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-not-last": (post("transfer-encoding: chunked, gzip", body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-identity": (post("transfer-encoding: identity", body=NEXT), [400], CLOSED),
    "chunked-after-gzip": (post("transfer-encoding: gzip, chunked", body=b"0\r\n\r\n"), [501], CLOSED),
    "chunked-misspelt": (post("transfer-encoding: xchunked", body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-vertical-tab": (post("transfer-encoding: \x0bchunked", body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-space-before-colon": (post("transfer-encoding : chunked", body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-quoted": (post('transfer-encoding: "chunked"', body=b"0\r\n\r\n"), [400], CLOSED),
    "chunked-in-1.0": (head("POST /echo HTTP/1.0", CHUNKED) + b"0\r\n\r\n" + NEXT, [400], CLOSED),
    "folded-line": (head("GET / HTTP/1.1", "x: a", " b: c"), [400], CLOSED),
    "folded-first-line": (b"GET / HTTP/1.1\r\n host: a\r\n\r\n", [400], CLOSED),
    "bare-lf": (b"GET / HTTP/1.1\nhost: a\n\n", [400], CLOSED),
    "bare-lf-in-fields": (b"GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", [400], CLOSED),
    "bare-cr": (b"GET / HTTP/1.1\r\nhost: a\rx: y\r\n\r\n", [400], CLOSED),
    "nul-in-value": (head("GET / HTTP/1.1", "x: a\0b"), [400], CLOSED),
    "nul-in-name": (head("GET / HTTP/1.1", "x\0: a"), [400], CLOSED),
    "nul-in-target": (head("GET /\0 HTTP/1.1"), [400], CLOSED),
    "field-without-name": (head("GET / HTTP/1.1", ": a"), [400], CLOSED),
    "field-without-colon": (head("GET / HTTP/1.1", "whatever"), [400], CLOSED),
    "field-name-with-space": (head("GET / HTTP/1.1", "x y: a"), [400], CLOSED),
    "body-of-get-is-framed": (head("GET / HTTP/1.1", f"content-length: {len(NEXT)}") + NEXT + NEXT, [200, 200], OPEN),
    # chunks; what the guest was told of may have begun to be answered, so these are looked at below
    "chunked-good": (post(CHUNKED, body=b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n") + NEXT, [200, 200], OPEN),
    # the request line
    "no-host": (head(host=b""), [400], CLOSED),
    "host-twice": (head("GET / HTTP/1.1", "host: b"), [400], CLOSED),
    "host-empty": (head(host=b"host:\r\n"), [400], CLOSED),
    "host-with-user": (head(host=b"host: me@a\r\n"), [400], CLOSED),
    "host-with-path": (head(host=b"host: a/b\r\n"), [400], CLOSED),
    "host-with-port-of-six-digits": (head(host=b"host: a:123456\r\n"), [400], CLOSED),
    "absolute-with-other-host": (head("GET http://b/ HTTP/1.1"), [200], OPEN),
    "absolute-ftp": (head("GET ftp://b/ HTTP/1.1"), [400], CLOSED),
    "relative-target": (head("GET index.html HTTP/1.1"), [400], CLOSED),
    "asterisk-get": (head("GET * HTTP/1.1"), [400], CLOSED),
    "asterisk-options": (head("OPTIONS * HTTP/1.1"), [404], OPEN),
    "fragment": (head("GET /#a HTTP/1.1"), [400], CLOSED),
    "connect": (head("CONNECT a:443 HTTP/1.1"), [501], CLOSED),
    "method-lower-case": (head("get / HTTP/1.1"), [200], OPEN),
    "method-with-bracket": (head("GE(T / HTTP/1.1"), [400], CLOSED),
    "method-of-100-bytes": (head("M" * 100 + " / HTTP/1.1"), [501], CLOSED),
    "two-spaces": (head("GET  / HTTP/1.1"), [400], CLOSED),
    "tab-between": (head("GET\t/ HTTP/1.1"), [400], CLOSED),
    "space-in-target": (head("GET /a b HTTP/1.1"), [400], CLOSED),
    "trailing-space": (head("GET / HTTP/1.1 "), [400], CLOSED),
    "version-missing": (b"GET /\r\n\r\n", [400], CLOSED),
    "version-lower-case": (head("GET / http/1.1"), [400], CLOSED),
    "version-0.9": (head("GET / HTTP/0.9"), [505], CLOSED),
    "version-2.0": (head("GET / HTTP/2.0"), [505], CLOSED),
    "version-1.2": (head("GET / HTTP/1.2"), [200], OPEN),
    "version-1.10": (head("GET / HTTP/1.10"), [400], CLOSED),
    "two-empty-lines-first": (b"\r\n\r\n" + NEXT, [400], CLOSED),
    "one-empty-line-first": (b"\r\n" + NEXT, [200], OPEN),
    "eight-bit-target": (head("GET /\xff HTTP/1.1"), [400], CLOSED),
    "dot-dot-target": (head("GET /../../../etc/passwd HTTP/1.1"), [404], OPEN),
    "encoded-nul-target": (head("GET /%00%ff%2e%2e HTTP/1.1"), [404], OPEN),
    # too much
    "target-of-9000-bytes": (head("GET /" + "a" * 9000 + " HTTP/1.1"), [414], CLOSED),
    "head-of-64-kib": (head("GET / HTTP/1.1", "x: " + "y" * 65536), [431], CLOSED),
    "name-of-64-kib": (head("GET / HTTP/1.1", "x" * 65536 + ": y"), [431], CLOSED),
    "fields-of-1000": (head("GET / HTTP/1.1", *(f"x{n}: y" for n in range(1000))), [431], CLOSED),
    # expectations
    "expect-other": (head("POST /echo HTTP/1.1", "expect: 200-ok", "content-length: 2") + b"hi", [417], CLOSED),
    "expect-twice": (head("POST /echo HTTP/1.1", "expect: 100-continue, x", "content-length: 2") + b"hi", [417], CLOSED),
    "expect-without-body": (head("GET / HTTP/1.1", "expect: 100-continue"), [200], OPEN),
    "expect-and-body-at-once": (post("expect: 100-continue", "content-length: 2", body=b"hi"), [200], OPEN),
    "upgrade-to-h2c": (head("GET / HTTP/1.1", "connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk"), [200], OPEN),
    "upgrade-to-websocket": (head("GET / HTTP/1.1", "connection: upgrade", "upgrade: websocket", "sec-websocket-key: x"), [200], OPEN),
    # other protocols and noise
    "http2-preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", [505], CLOSED),
    "tls-hello": (bytes.fromhex("16030100c8010000c40303") + bytes(range(190)) + b"\r\n\r\n", [400], CLOSED),
    "socks": (b"\x05\x01\x00\r\n\r\n", [400], CLOSED),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", [400], CLOSED),
    "zeroes": (bytes(20000), [400], CLOSED),
    "noise": (bytes((n * 167 + 13) & 255 for n in range(20000)), [400], CLOSED),
    "line-ends": (b"\r\n" * 5000, [400], CLOSED),
}


@pytest.fixture
def server(served):
    server = served("c", "--request-timeout", "3s")
    # The echo guest traps on a request that breaks off; a client that leaves is told of as a cut response.
    server.allow_log(r"response\.(cut|none) component=main|guest\.trap component=main method=\w+ path=/(echo|bytes)|limit\.time component=main")
    return server


@contextlib.contextmanager
def nobody_else_notices(server):
    """A neighbour's connection, open before and used after; the worker stays, a new client is served."""
    workers = server.workers()
    with Connection(server.port) as neighbour:
        assert neighbour.request("/").text == HELLO
        yield
        assert neighbour.request("/").text == HELLO
    assert get(server.port).text == HELLO
    assert server.workers() == workers


def answers(connection):
    """All final statuses until the connection ends, or nothing comes for a while."""
    statuses = []
    while True:
        try:
            response = connection.response()
        except Cut:
            return statuses, CLOSED
        except TimeoutError:
            return statuses, OPEN
        if response.status >= 200:
            statuses.append(response.status)


@pytest.mark.parametrize("name", ROWS)
def test_gets_what_it_deserves(server, name):
    sent, statuses, state = ROWS[name]
    with nobody_else_notices(server), Connection(server.port, timeout=0.25) as connection:
        connection.send(sent)
        assert answers(connection) == (statuses, state)


@pytest.mark.parametrize("chunk", [
    b"zz\r\n", b"-5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"5 \r\nhello\r\n", b" 5\r\nhello\r\n", b"5\nhello\r\n", b"5\r\nhello0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n", b"ffffffffffffffff\r\n", b"10000000000000000\r\n", b"0000000000000000005\r\nhello\r\n", b"\r\n",
    b"5;" + b"x" * 20000 + b"\r\nhello\r\n", b"1;aaaaaaaaaa\r\na\r\n" * 3000, b"0\r\nbad trailer\r\n\r\n",
    b"0\r\n" + b"x: " + b"y" * 20000 + b"\r\n\r\n", b"5;\x00\r\nhello\r\n"])
def test_bad_chunks_never_reach_the_next_request(server, chunk):
    with nobody_else_notices(server), Connection(server.port, timeout=5) as connection:
        with contextlib.suppress(ConnectionError):
            connection.send(post(CHUNKED, body=chunk) + NEXT)
        statuses, state = answers(connection)
        assert state == CLOSED and len(statuses) <= 1 and HELLO.encode() not in connection.buffer
        assert not statuses or statuses[0] in (200, 400, 500)


REQUEST = head("POST /echo HTTP/1.1", "content-length: 11", "x-a: b") + b"hello world"


def reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


@pytest.mark.parametrize("how", ["reset", "close", "half-close"])
def test_leaving_at_every_byte_of_a_request(server, how):
    with nobody_else_notices(server):
        for n in range(len(REQUEST) + 1):
            with Connection(server.port) as connection:
                connection.send(REQUEST[:n])
                if how == "reset":
                    reset(connection)
                elif how == "half-close":
                    connection.socket.shutdown(socket.SHUT_WR)
                    while connection.more():
                        pass
                    # The guest may have begun to answer before the end came: then its answer is cut, never completed.
                    whole = connection.buffer[:12] == b"HTTP/1.1 200" and connection.buffer.endswith(b"\r\n0\r\n\r\n")
                    assert whole == (n == len(REQUEST)), (n, connection.buffer)


def test_one_byte_at_a_time_is_a_request(server):
    with nobody_else_notices(server), Connection(server.port) as connection:
        for n in range(len(REQUEST)):
            connection.send(REQUEST[n:n + 1])
        assert connection.response().body == b"hello world"


@pytest.mark.parametrize("path, step", [("/", 1), ("/bytes/3000", 37)])
def test_resets_at_every_byte_of_a_response(server, path, step):
    with nobody_else_notices(server):
        with Connection(server.port) as connection:
            connection.send(head(f"GET {path} HTTP/1.1", "connection: close"))
            while connection.more():
                pass
            size = len(connection.buffer) - len("connection: close\r\n")
        for n in range(0, size, step):
            with Connection(server.port) as connection:
                connection.send(head(f"GET {path} HTTP/1.1"))
                left = n
                while left > 0:
                    got = connection.socket.recv(left)
                    if not got:
                        break
                    left -= len(got)
                reset(connection)


def test_reading_a_large_answer_and_then_no_more(server):
    with nobody_else_notices(server):
        stuck = [Connection(server.port) for _ in range(30)]
        for connection in stuck:
            connection.send(head("GET /bytes/100000000 HTTP/1.1"))
        time.sleep(0.3)
        for _ in range(20):
            assert get(server.port).text == HELLO
        for connection in stuck:
            reset(connection)


def test_slow_heads_and_bodies_hold_nobody_up(server):
    with nobody_else_notices(server):
        slow = [Connection(server.port) for _ in range(40)]
        for n, connection in enumerate(slow):
            connection.send(REQUEST[:20 + n])
        for step in range(5):
            for n, connection in enumerate(slow):
                connection.send(REQUEST[20 + n + step:21 + n + step])
            assert get(server.port).text == HELLO
        for n, connection in enumerate(slow):
            connection.send(REQUEST[25 + n:])
            assert connection.response().body == b"hello world"
            connection.socket.close()


def test_a_body_that_never_comes_ends_with_the_time_limit(server):
    with nobody_else_notices(server), Connection(server.port) as connection:
        connection.send(REQUEST[:-3])
        begin = time.monotonic()
        try:
            response = connection.response()
            assert response.status in (408, 504) or not response.complete
        except Cut:
            pass
        assert 2 < time.monotonic() - begin < 10


def test_floods_of_pipelined_requests(server):
    with nobody_else_notices(server), Connection(server.port) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        count = 3000
        flood, at = NEXT * count, 0
        connection.socket.setblocking(False)
        received = b""
        end = time.monotonic() + 60
        while received.count(b"HTTP/1.1 200") < count and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                at += connection.socket.send(flood[at:at + 65536]) if at < len(flood) else 0
            with contextlib.suppress(BlockingIOError):
                received += connection.socket.recv(1 << 20)
        assert received.count(HELLO.encode()) == count


def test_a_flood_of_pipelined_requests_whose_answers_nobody_reads(server):
    with nobody_else_notices(server), Connection(server.port, timeout=1) as connection:
        with contextlib.suppress(TimeoutError, ConnectionError):
            connection.send(head("GET /bytes/100000 HTTP/1.1") * 20000)
        for _ in range(10):
            assert get(server.port).text == HELLO


def test_two_thousand_idle_connections(server):
    with nobody_else_notices(server):
        worker = server.workers()[0]
        idle = []
        try:
            for _ in range(2000):
                idle.append(socket.create_connection(("127.0.0.1", server.port)))
            for n in range(0, 2000, 100):
                idle[n].sendall(NEXT)
                assert idle[n].recv(4096).startswith(b"HTTP/1.1 200")
            assert get(server.port).text == HELLO
        finally:
            for connection in idle:
                connection.close()
        assert server.workers() == [worker]


def test_a_flood_of_connections_that_close_at_once(server):
    with nobody_else_notices(server):
        for n in range(1500):
            connection = Connection(server.port)
            if n % 3 == 0:
                connection.send(b"GET")
            if n % 2:
                reset(connection)
            else:
                connection.socket.close()


def test_urgent_data_is_no_trap(server):
    with nobody_else_notices(server), Connection(server.port, timeout=1) as connection:
        connection.send(NEXT[:10])
        connection.socket.send(b"!", socket.MSG_OOB)
        connection.send(NEXT[10:])
        with contextlib.suppress(Cut, TimeoutError):
            assert connection.response().status in (200, 400)


def test_memory_and_descriptors_are_what_they_were(served):
    server = served("c", "--request-timeout", "3s", SWELL_SANDBOX="inspect")
    server.allow_log(r"response\.(cut|none)|guest\.trap component=main method=\w+ path=/(echo|bytes)|limit\.time")

    def hostile_round():
        for name in ("length-and-chunked", "noise", "head-of-64-kib", "http2-preface", "fields-of-1000"):
            for _ in range(20):
                with Connection(server.port, timeout=0.25) as connection, contextlib.suppress(ConnectionError):
                    connection.send(ROWS[name][0])
                    answers(connection)
        for n in range(0, len(REQUEST), 3):
            connection = Connection(server.port)
            connection.send(REQUEST[:n])
            reset(connection)
        time.sleep(2.5)  # what lingers has ended

    hostile_round()
    worker = server.workers()[0]
    try:
        descriptors, memory = len(runner.descriptors(worker)), runner.rss_bytes(worker)
    except OSError:
        pytest.skip("the sandbox hides the worker's descriptors")
    hostile_round()
    assert len(runner.descriptors(worker)) == descriptors
    assert runner.rss_bytes(worker) - memory < 4 << 20


def test_the_table_is_long_enough():
    assert len(ROWS) >= 60
