"""test_outgoing.py - requests to others through wasi:http/outgoing-handler: what goes out, what comes back, what is refused, and that nothing
leaves that was not granted. The peers are sockets of this process that behave as each test says."""

import gzip
import http.client
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

import guests
from client import Connection
import swell as runner

WAIT = 20  # seconds for what has to happen; no test asserts how long it takes


class Peer:
    """A listener on the loopback interface. Each connection is handled by behave(connection) in a thread; `seen` is what came to it."""

    def __init__(self, behave, family=socket.AF_INET, context=None):
        self.behave = behave
        self.context = context
        self.connections = 0
        self.requests = []
        self.errors = []
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        self.open.append(connection)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            self.behave(self, connection)
        except OSError as error:
            self.errors.append(error)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # the thread that accepts would keep it
        except OSError:
            pass
        self.listener.close()
        for connection in self.open:
            try:
                connection.close()
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_head(connection, rest=b""):
    data = rest
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None, data
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode(), rest


def read_body(connection, head, rest):
    """The body and its trailers."""
    length = re.search(r"(?im)^content-length: (\d+)", head)
    if length:
        while len(rest) < int(length[1]):
            rest += connection.recv(65536)
        return rest[: int(length[1])], {}, rest[int(length[1]):]
    if "transfer-encoding: chunked" not in head.lower():
        return b"", {}, rest
    body = b""
    while True:
        while b"\r\n" not in rest:
            rest += connection.recv(65536)
        size, _, rest = rest.partition(b"\r\n")
        size = int(size, 16)
        if size == 0:
            break
        while len(rest) < size + 2:
            rest += connection.recv(65536)
        body, rest = body + rest[:size], rest[size + 2:]
    while not (rest.startswith(b"\r\n") or b"\r\n\r\n" in rest):
        rest += connection.recv(65536)
    if rest.startswith(b"\r\n"):
        return body, {}, rest[2:]
    lines, _, rest = rest.partition(b"\r\n\r\n")
    return body, dict(line.decode().split(": ", 1) for line in lines.split(b"\r\n")), rest


def answering(answer):
    """Keeps the connection and gives `answer` (bytes, or a function of head and body) to every request."""

    def behave(peer, connection):
        rest = b""
        while True:
            head, rest = read_head(connection, rest)
            if head is None:
                return
            body, trailers, rest = read_body(connection, head, rest)
            peer.requests.append((head, body, trailers))
            connection.sendall(answer if isinstance(answer, bytes) else answer(head, body))

    return behave


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def closing(answer):
    """One answer, then the end."""

    def behave(peer, connection):
        head, _ = read_head(connection)
        peer.requests.append((head, b"", {}))
        connection.sendall(answer)
        connection.close()

    return behave


def silent(peer, connection):
    time.sleep(WAIT * 3)


def manifest(folder, hosts, guest=None, extra=""):
    text = f"""spin_manifest_version = 2
[application]
name = "outgoing"
version = "1.0.0"
[[trigger.http]]
route = "/..."
component = "out"
[component.out]
source = "{guest or guests.build('outgoing')}"
allowed_outbound_hosts = {hosts!r}
{extra}"""
    path = folder / "spin.toml"
    path.write_text(text.replace("'", '"'))
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of this run, with openssl: a folder with ca.pem and sign(name, subject names)."""
    folder = tmp_path_factory.mktemp("ca")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
            "-keyout", "ca.key", "-out", "ca.pem", "-addext", "basicConstraints=critical,CA:TRUE")

    def sign(name, names, self_signed=False):
        (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        by = ["-signkey", f"{name}.key"] if self_signed else ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        openssl("x509", "-req", "-in", f"{name}.csr", *by, "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        return context

    sign.ca = folder / "ca.pem"
    return sign


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory, authority):
    """One server that may connect to every port of the loopback interface, and to itself."""
    folder = tmp_path_factory.mktemp("app")
    path = manifest(folder, ["http://127.0.0.1:*", "http://[::1]:*", "http://localhost:*", "https://localhost:*", "http://self",
                             "http://no-such-name.invalid", "https://127.0.0.1:*"])
    server = runner.Swell("-f", str(path), cache=cache, log=folder / "swell.log", env={"SSL_CERT_FILE": str(authority.ca)})
    server.allow_log(r"response\.cut")  # clients that leave
    with server:
        yield server


def ask(server, fields=None, body=None, method="GET", lines=(), path="/"):
    """One request to the guest: (headers, body) of its answer. lines: fields that may be there more than once."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT * 2)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in [*(fields or {}).items(), *lines]:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    assert response.status == 200, server.log()
    return dict(response.getheaders()), response.read()


def to(peer, host="127.0.0.1", scheme="http", **more):
    fields = {"x-scheme": scheme, "x-authority": f"{host}:{peer.port}"}
    return {**fields, **{name.replace("_", "-"): str(value) for name, value in more.items()}}


# ---- what goes out and comes back ----


def test_get_is_sent_as_the_guest_says_and_answered_in_full(server):
    with Peer(answering(b"HTTP/1.1 418 Tea\r\nX-One: 1\r\nX-one: 2\r\ncontent-length: 5\r\n\r\nhello")) as peer:
        headers, body = ask(server, to(peer, x_path="/a/b?c=%20d", x_send="X-Mine: yes", x_body="none"))
        assert (headers["x-status"], body) == ("418", b"hello")
        assert headers["x-got-x-one"] == "1, 2" or headers["x-got-x-one"] in "12"
        head = peer.requests[0][0]
        assert head.splitlines()[0] == "GET /a/b?c=%20d HTTP/1.1"
        names = sorted(line.split(":")[0].lower() for line in head.splitlines()[1:])
        assert names == ["host", "x-mine"], head  # nothing that the guest did not say
        assert f"Host: 127.0.0.1:{peer.port}" in head


def test_body_with_known_length_is_sent_with_it(server):
    with Peer(answering(OK)) as peer:
        ask(server, to(peer, x_method="POST", x_length=5), body=b"12345")
        head, body, _ = peer.requests[0]
        assert body == b"12345" and re.search(r"(?im)^content-length: 5\r?$", head) and "chunked" not in head


def test_body_and_trailers_are_streamed(server):
    with Peer(answering(OK)) as peer:
        sent = bytes(range(256)) * 8192  # 2 MiB: more than every buffer on the way
        ask(server, to(peer, x_method="POST", x_trailer="x-sum: 7"), body=sent)
        head, body, trailers = peer.requests[0]
        assert body == sent
        assert trailers == {"x-sum": "7"}


def test_large_response_with_trailers_is_streamed_to_a_slow_guest(server):
    part = b"0123456789abcdef" * 64
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n" + part + b"\r\n"
    answer = answer + (b"400\r\n" + part + b"\r\n") * 2047 + b"0\r\nX-End: done\r\n\r\n"
    with Peer(answering(answer)) as peer:
        headers, body = ask(server, to(peer, x_body="none"))
        assert body == part * 2048 + b"\ntrailer x-end: done"
        _, slow = ask(server, to(peer, x_body="none", x_read="slow"))
        assert slow == body


def test_peer_that_is_not_read_from_has_to_wait(server):
    sent = []

    def behave(peer, connection):
        read_head(connection)
        connection.settimeout(2)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while len(sent) < 1024:
                sent.append(connection.send(b"x" * 65536))
        except TimeoutError:
            sent.append("full")

    with Peer(behave) as peer:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
        connection.sock = socket.create_connection(("127.0.0.1", server.port))
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.request("GET", "/", headers=to(peer, x_body="none"))
        end = time.monotonic() + WAIT
        while "full" not in sent and time.monotonic() < end:
            time.sleep(0.1)
        assert "full" in sent  # our client reads nothing, so the guest waits, so the peer does
        connection.close()


def test_peer_that_answers_without_reading_the_body(server):
    def behave(peer, connection):
        read_head(connection)
        connection.sendall(OK)
        time.sleep(WAIT)

    with Peer(behave) as peer:
        headers, body = ask(server, to(peer, x_method="POST"), body=b"x" * (8 << 20))
        assert (headers["x-status"], body) == ("200", b"ok")


def test_interim_responses_are_passed_over(server):
    with Peer(answering(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK)) as peer:
        headers, body = ask(server, to(peer, x_body="none"))
        assert (headers["x-status"], body) == ("200", b"ok") and "x-got-link" not in headers


def test_head_has_no_body(server):
    with Peer(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")) as peer:
        headers, body = ask(server, to(peer, x_method="HEAD", x_body="none"))
        assert headers["x-got-content-length"] == "100" and body == b""


def test_redirects_are_not_followed(server):
    with Peer(answering(OK)) as other:
        where = f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{other.port}/\r\ncontent-length: 0\r\n\r\n".encode()
        with Peer(answering(where)) as peer:
            headers, _ = ask(server, to(peer, x_body="none"))
            assert headers["x-status"] == "302"
        assert other.connections == 0


def test_trace_is_passed_on_unless_the_guest_has_one(server):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with Peer(answering(OK)) as peer:
        ask(server, {**to(peer, x_body="none"), "traceparent": trace, "tracestate": "a=b"})
        ask(server, {**to(peer, x_body="none", x_send="traceparent: mine"), "traceparent": trace, "tracestate": "a=b"})
        first, second = (head for head, _, _ in peer.requests)
        assert f"traceparent: {trace}" in first and "tracestate: a=b" in first
        assert "traceparent: mine" in second and trace not in second and "a=b" not in second


def test_connections_are_used_again(server):
    with Peer(answering(OK)) as peer:
        for _ in range(5):
            ask(server, to(peer, x_body="none"))
        assert (len(peer.requests), peer.connections) == (5, 1)


def test_connection_that_the_peer_closed_is_not_used_again(server):
    with Peer(closing(OK)) as peer:
        for _ in range(3):
            headers, body = ask(server, to(peer, x_body="none"))
            assert body == b"ok", headers
        assert peer.connections == 3


def test_names_are_resolved(server):
    with Peer(answering(OK)) as peer:
        _, body = ask(server, to(peer, host="localhost", x_body="none"))
        assert body == b"ok" and f"Host: localhost:{peer.port}" in peer.requests[0][0]


def test_connection_fields_are_the_hosts(server):
    with Peer(answering(OK)) as peer:
        names = ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Transfer-Encoding",
                 "Upgrade", "Host", "HTTP2-Settings"]
        ask(server, to(peer, x_body="none"), lines=[("x-send", f"{name}: x") for name in names])
        head = peer.requests[0][0]
        assert head.count("x-refused: 1") == len(names), head  # header-error forbidden
        assert not re.search(rf"(?im)^(?!host: 127)({'|'.join(names)}): ", head)


def test_application_can_ask_itself(server):
    for more in [{}, {"x-scheme": "http", "x-authority": "self"}, {"x-scheme": "http", "x-authority": "self.alt"}]:
        headers, body = ask(server, {"x-path": "/plain", "x-body": "none", **more})
        assert (headers["x-status"], body) == ("200", b"plain"), headers


def test_requests_of_one_call_are_limited(server):
    with Peer(answering(OK)) as peer:
        headers, _ = ask(server, to(peer, x_body="none", x_parallel=64))
        assert headers["x-good"] == "64" and "x-error" not in headers
        headers, _ = ask(server, to(peer, x_body="none", x_parallel=65))
        assert (headers["x-error"], headers["x-good"]) == ("connection-limit-reached", "64")


# ---- TLS ----


def test_tls_peer_that_is_trusted(server, authority):
    with Peer(answering(OK), context=authority("good", "DNS:localhost")) as peer:
        headers, body = ask(server, to(peer, host="localhost", scheme="https", x_body="none"))
        assert body == b"ok", headers


def test_tls_address_in_the_certificate(server, authority):
    with Peer(answering(OK), context=authority("address", "IP:127.0.0.1")) as peer:
        headers, body = ask(server, to(peer, scheme="https", x_body="none"))
        assert body == b"ok", headers


@pytest.mark.parametrize("name, names, self_signed", [("wrong", "DNS:other.example", False), ("self", "DNS:localhost", True)])
def test_tls_peer_that_is_not_trusted(server, authority, name, names, self_signed):
    with Peer(answering(OK), context=authority(name, names, self_signed)) as peer:
        headers, _ = ask(server, to(peer, host="localhost", scheme="https", x_body="none"))
        assert headers["x-error"] == "TLS-protocol-error"
        assert peer.requests == []


# ---- what goes wrong: spin.md 4.7 ----


@pytest.mark.parametrize("what, behave, fields, error", [
    ("no answer in time", silent, {"x_first_ms": 200}, "connection-read-timeout"),
    ("not HTTP", closing(b"hello, this is not HTTP at all\r\n\r\n"), {}, "HTTP-protocol-error"),
    ("the end before the head", closing(b""), {}, "HTTP-protocol-error"),
    ("the end within the head", closing(b"HTTP/1.1 200 OK\r\nx-a: "), {}, "HTTP-protocol-error"),
    ("a coding nobody asked for", closing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 100)), {}, "HTTP-protocol-error"),
    ("two codings", closing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), {}, "HTTP-protocol-error"),
    ("a field that is none", closing(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), {}, "HTTP-protocol-error"),
    ("fields without end", closing(b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: %s\r\n" % (i, b"y" * 900) for i in range(200)) + b"\r\n"),
     {}, "HTTP-response-header-section-size"),
    ("many small fields", closing(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 6000 + b"\r\n"), {}, "HTTP-response-header-section-size"),
])
def test_failure_before_the_head(server, what, behave, fields, error):
    with Peer(behave) as peer:
        headers, _ = ask(server, to(peer, x_body="none", **fields))
        assert headers.get("x-error") == error, what


def test_refused_connection(server):
    with Peer(silent) as peer:
        pass
    headers, _ = ask(server, to(peer, x_body="none"))
    assert headers["x-error"] == "connection-refused"


def test_connection_that_takes_too_long(server):
    with socket.socket() as listener:  # its queue is full: further ones wait
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        fields = {"x-scheme": "http", "x-authority": f"127.0.0.1:{listener.getsockname()[1]}", "x-body": "none", "x-connect-ms": "300"}
        headers, _ = ask(server, fields)
        assert headers["x-error"] == "connection-timeout"
        for one in waiting:
            one.close()


def test_tls_handshake_that_takes_too_long(server):
    with Peer(silent) as peer:
        headers, _ = ask(server, to(peer, scheme="https", x_body="none", x_connect_ms=300))
        assert headers["x-error"] == "connection-timeout"


def test_name_that_is_none(server):
    headers, _ = ask(server, {"x-scheme": "http", "x-authority": "no-such-name.invalid", "x-body": "none"})
    assert headers["x-error"] == "DNS-error"


@pytest.mark.parametrize("what, answer, between, word", [
    ("shorter than promised", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", None, b"HTTP-protocol-error"),
    ("chunks without end", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", None, b"HTTP-protocol-error"),
    ("chunks that are none", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", None, b"HTTP-protocol-error"),
    ("nothing more in time", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", 300, b"connection-read-timeout"),
])
def test_failure_within_the_body(server, what, answer, between, word):
    def stop(peer, connection):
        read_head(connection)
        connection.sendall(answer)
        if between:
            time.sleep(WAIT)
        connection.close()

    with Peer(stop) as peer:
        headers, body = ask(server, to(peer, x_body="none", **({"x_between_ms": between} if between else {})))
        assert headers["x-status"] == "200"
        assert body == b"abc\nfailed " + word, what


def test_body_that_is_dropped_unfinished_is_no_complete_request(server):
    with Peer(answering(OK)) as peer:
        headers, _ = ask(server, to(peer, x_method="POST", x_body="drop"), body=b"abc")
        assert headers["x-error"] == "HTTP-protocol-error"
        assert peer.requests == []


def test_guest_that_is_gone_takes_its_request_along(server):
    ended = threading.Event()

    def behave(peer, connection):
        read_head(connection)
        while connection.recv(1000):
            pass
        ended.set()

    with Peer(behave) as peer:
        headers, _ = ask(server, to(peer, x_body="none", x_leave="yes"))
        assert headers["x-error"] == "left"
        assert ended.wait(WAIT)


def test_reset_within_the_body(server):
    def behave(peer, connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        time.sleep(0.2)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with Peer(behave) as peer:
        _, body = ask(server, to(peer, x_body="none"))
        assert body == b"abc\nfailed connection-terminated"


@pytest.mark.parametrize("fields, error", [
    ({"x-scheme": "http", "x-authority": "user:word@127.0.0.1:80"}, "HTTP-request-URI-invalid"),
    ({"x-scheme": "http", "x-authority": "127.0.0.1:80", "x-path": "no-slash"}, "HTTP-request-URI-invalid"),
    ({"x-scheme": "http", "x-authority": "127.0.0.1:80", "x-method": "CONNECT"}, "HTTP-request-method-invalid"),
])
def test_requests_that_cannot_be_sent(server, fields, error):
    headers, _ = ask(server, {**fields, "x-body": "none"})
    assert headers["x-error"] == error


# ---- no grant, no packet ----


def refused(server, peer, *tries):
    for host, scheme in tries:
        headers, _ = ask(server, to(peer, host=host, scheme=scheme, x_body="none"))
        assert headers.get("x-error") == "HTTP-request-denied", (host, scheme, headers)
    assert peer.connections == 0


def test_without_a_grant_nothing_leaves_and_no_socket_can_be_made(start):
    with Peer(answering(OK)) as v4, Peer(answering(OK), family=socket.AF_INET6) as v6:
        with start("outgoing") as server:
            refused(server, v4, ("127.0.0.1", "http"), ("localhost", "http"), ("127.1", "http"), ("0.0.0.0", "http"),
                    ("127.0.0.1", "https"), ("[::ffff:127.0.0.1]", "http"))
            refused(server, v6, ("[::1]", "http"), ("localhost", "http"))
            headers, _ = ask(server, {"x-path": "/", "x-body": "none"})
            assert headers["x-error"] == "HTTP-request-denied"
            sockets = [link for link in runner.descriptors(server.workers()[0]).values() if link.startswith("socket:")]
            assert len(sockets) <= 3, sockets  # its channel, its listener, and at most the connection just closed


def test_a_grant_is_for_what_it_names(start, tmp_path):
    with Peer(answering(OK)) as peer, Peer(answering(OK)) as other, Peer(answering(OK), family=socket.AF_INET6) as v6:
        low, high = sorted((peer.port, other.port))
        hosts = [f"http://127.0.0.1:{low}..{high}", "http://localhost:1", "https://127.0.0.1", "http://*.localhost:*", "http://10.0.0.0/8:*"]
        granted, beyond = (peer, other) if peer.port == low else (other, peer)
        with start(["-f", str(manifest(tmp_path, hosts))]) as server:
            _, body = ask(server, to(granted, x_body="none"))
            assert body == b"ok"
            refused(server, beyond, ("127.0.0.1", "http"))  # the end of a range is not in it
            refused(server, v6, ("[::1]", "http"), ("localhost", "http"))
            connections = granted.connections
            for host, scheme in [("localhost", "http"), ("127.0.0.1", "https"), ("127.0.0.2", "http"), ("127.0.0.1.", "http"), ("127.1", "http")]:
                headers, _ = ask(server, to(granted, host=host, scheme=scheme, x_body="none"))
                assert headers.get("x-error") == "HTTP-request-denied", (host, scheme)
            assert granted.connections == connections
            assert re.search(r"'out' tried to make a request to a host that it may not connect to, 'http://localhost:\d+'", server.log())


def test_blocked_networks_are_not_dialled_whatever_is_allowed(start, tmp_path):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["private"]\n')
    with Peer(answering(OK)) as peer, Peer(answering(OK), family=socket.AF_INET6) as v6:
        path = manifest(tmp_path, ["http://*:*"])
        with start(["-f", str(path), "--runtime-config-file", str(config)]) as server:
            for host in ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::ffff:127.0.0.1]"]:
                headers, _ = ask(server, to(peer, host=host, x_body="none"))
                assert headers.get("x-error") == "destination-IP-prohibited", host
            headers, _ = ask(server, to(v6, host="[::1]", x_body="none"))
            assert headers.get("x-error") == "destination-IP-prohibited"
            assert (peer.connections, v6.connections) == (0, 0)
            headers, _ = ask(server, {"x-path": "/plain", "x-body": "none"})
            assert headers["x-status"] == "200"  # itself is no network


def test_names_of_components_never_reach_the_network(start, tmp_path):
    with start(["-f", str(manifest(tmp_path, ["http://*:*"]))]) as server:
        server.expect_log(r"guest\.trap component=out .*no component 'other' answers HTTP requests in this application")
        with Connection(server.port) as connection:
            fields = [("x-scheme", "http"), ("x-authority", "other.spin.internal"), ("x-body", "none")]
            assert connection.request("/", fields=fields).status == 500


def test_grants_may_be_variables(start, tmp_path):
    with Peer(answering(OK)) as peer:
        path = manifest(tmp_path, ["http://{{ host }}:{{ port }}", "http://{{ secret }}"])
        extra = f'\n[variables]\nhost = {{ default = "127.0.0.1" }}\nport = {{ default = "{peer.port}" }}\nsecret = {{ default = "" }}\n'
        path.write_text(path.read_text() + extra)
        with start(["-f", str(path)]) as server:
            _, body = ask(server, to(peer, x_body="none"))
            assert body == b"ok"


@pytest.mark.parametrize("entry, words", [
    ("127.0.0.1:80", "does not contain a scheme"),
    ("tcp://127.0.0.1", "no port was provided and the scheme 'tcp' does not have a known default port number"),
    ("http://a.b/c", "must not include a path"),
    ("http://a.*.b", "wildcards are allowed only as subdomains"),
    ("insecure:allow-all", "'*://*:*'"),
])
def test_a_malformed_grant_is_a_load_error(tmp_path, cache, entry, words):
    path = manifest(tmp_path, [entry])
    run = subprocess.run([str(runner.program()), "up", "-f", str(path), "--listen", "127.0.0.1:0"], capture_output=True, text=True,
                         timeout=60, env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache), "PATH": "/usr/bin:/bin"})
    assert run.returncode != 0
    assert "`allowed_outbound_hosts` is malformed" in run.stderr and words in run.stderr, run.stderr
    assert re.search(r"spin\.toml:\d+:\d+: ", run.stderr)
