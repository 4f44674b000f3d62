"""test_outgoing_http2.py - requests to others over HTTP/2: a TLS server of this process that offers h2, made of python3-h2, and the guest of
test_outgoing.py."""

import re
import socket
import threading

import pytest

import swell as runner
from test_outgoing import OK, Peer, answering, ask, authority, manifest, to  # authority: the fixture

h2 = pytest.importorskip("h2", reason="python3-h2 is not installed; run tools/setup --test")
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings


class Stream:
    def __init__(self, fields):
        self.fields = fields
        self.body = b""
        self.trailers = None


class Session:
    """One connection of a client. answer(session, id, stream) is called when a request is complete; with early, when its head is there."""

    def __init__(self, peer, socket_, answer, early=False, settings=None):
        self.peer, self.socket, self.answer, self.early = peer, socket_, answer, early
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.settings = settings
        self.streams, self.queued = {}, {}

    def flush(self):
        self.socket.sendall(self.http.data_to_send())

    def respond(self, number, fields, body=b"", trailers=None):
        self.http.send_headers(number, fields, end_stream=not body and not trailers)
        if body or trailers:
            self.queued[number] = (body, trailers)
            self.pump(number)

    def pump(self, number):
        """As much of the body as the client's windows take."""
        body, trailers = self.queued[number]
        while body and (room := min(self.http.local_flow_control_window(number), self.http.max_outbound_frame_size)) > 0:
            self.http.send_data(number, body[:room], end_stream=len(body) <= room and not trailers)
            body = body[room:]
        self.queued[number] = (body, trailers)
        if not body:
            del self.queued[number]
            if trailers:
                self.http.send_headers(number, trailers, end_stream=True)

    def has(self, event):
        number = getattr(event, "stream_id", 0)
        if isinstance(event, h2.events.RequestReceived):
            self.streams[number] = Stream(event.headers)
            self.peer.requests.append(self.streams[number])
            if self.early:
                self.answer(self, number, self.streams[number])
        elif isinstance(event, h2.events.DataReceived):
            self.streams[number].body += event.data
            self.http.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.TrailersReceived):
            self.streams[number].trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded) and not self.early:
            self.answer(self, number, self.streams[number])
        elif isinstance(event, h2.events.StreamReset):
            self.queued.pop(number, None)
        elif isinstance(event, h2.events.WindowUpdated):
            for waiting in list(self.queued) if number == 0 else [number] if number in self.queued else []:
                self.pump(waiting)

    def run(self):
        self.http.initiate_connection()
        if self.settings:
            self.http.update_settings(self.settings)
        self.flush()
        while data := self.socket.recv(65536):
            for event in self.http.receive_data(data):
                self.has(event)
            self.flush()


def serving(answer, **options):
    def behave(peer, connection):
        if peer.context:
            assert connection.selected_alpn_protocol() == "h2"
        Session(peer, connection, answer, **options).run()

    return behave


def fixed(status=200, fields=(), body=b"", trailers=None):
    return lambda session, number, stream: session.respond(number, [(":status", str(status)), *fields], body, trailers)


@pytest.fixture(scope="module")
def peer(authority):
    """Makes TLS servers that offer the protocols named."""
    made = []

    def make(behave, protocols=("h2", "http/1.1")):
        context = authority(f"h2-{len(made)}", "DNS:localhost")
        context.set_alpn_protocols(list(protocols))
        made.append(Peer(behave, context=context))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("app")
    path = manifest(folder, ["https://localhost:*", "http://127.0.0.1:*", "http://localhost:*"])
    server = runner.Swell("-f", str(path), cache=cache, log=folder / "swell.log", env={"SSL_CERT_FILE": str(authority.ca)})
    with server:
        yield server


def over(peer, **more):
    return to(peer, host="localhost", scheme="https", **more)


def test_a_request_is_sent_and_answered(server, peer):
    one = peer(serving(fixed(418, [("x-one", "1")], b"hello")))
    headers, body = ask(server, over(one, x_path="/a/b?c=%20d", x_send="X-Mine: yes", x_body="none"))
    assert (headers["x-status"], headers["x-got-x-one"], body) == ("418", "1", b"hello")
    fields = one.requests[0].fields
    assert sorted(fields) == [(":authority", f"localhost:{one.port}"), (":method", "GET"), (":path", "/a/b?c=%20d"), (":scheme", "https"), ("x-mine", "yes")]


def test_a_server_without_it_is_asked_by_http_1(server, peer):
    one = peer(answering(OK), protocols=("http/1.1",))
    headers, body = ask(server, over(one, x_body="none"))
    assert (headers["x-status"], body) == ("200", b"ok")
    assert one.requests[0][0].startswith("GET / HTTP/1.1\r\n")


def test_trailers_of_the_response_are_received(server, peer):
    one = peer(serving(fixed(200, [], b"abc", [("x-end", "done"), ("x-more", "2")])))
    _, body = ask(server, over(one, x_body="none"))
    assert body == b"abc\ntrailer x-end: done\ntrailer x-more: 2"


def test_trailers_of_the_request_do_no_harm(server, peer):
    """libcurl has no way to send them over HTTP/2; docs/outgoing-http.md says so."""
    one = peer(serving(fixed(200, [], b"ok")))
    headers, body = ask(server, over(one, x_method="POST", x_trailer="x-sum: 7"), body=b"x" * 100000)
    assert (headers["x-status"], body) == ("200", b"ok")
    assert (one.requests[0].body, one.requests[0].trailers) == (b"x" * 100000, None)


@pytest.mark.parametrize("settings", [None, {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20}, {h2.settings.SettingCodes.MAX_FRAME_SIZE: 65536}],
                         ids=["usual", "large window", "large frames"])
def test_bodies_are_streamed_both_ways(server, peer, settings):
    one = peer(serving(lambda session, number, stream: session.respond(number, [(":status", "200")], stream.body), settings=settings))
    sent = bytes(range(256)) * 4096  # 1 MiB: more than every window on the way
    _, body = ask(server, over(one, x_method="POST"), body=sent)
    assert one.requests[0].body == sent
    assert body == sent


def test_a_slow_guest_lets_the_server_wait(server, peer):
    part = b"0123456789abcdef" * 16384
    one = peer(serving(fixed(200, [], part)))
    _, body = ask(server, over(one, x_body="none", x_read="slow"))
    assert body == part


def test_many_at_once_and_one_after_the_other(server, peer):
    one = peer(serving(fixed(200, [], b"ok")))
    headers, _ = ask(server, over(one, x_body="none", x_parallel=16))
    assert headers["x-good"] == "16"
    opened = one.connections
    assert opened <= 16
    for _ in range(5):
        headers, _ = ask(server, over(one, x_body="none", x_count=10))
        assert headers["x-good"] == "10"
    assert one.connections <= opened + 1  # they are used again
    assert len(one.requests) == 66


def test_a_head_request_has_no_body(server, peer):
    one = peer(serving(fixed(200, [("content-length", "100")])))
    headers, body = ask(server, over(one, x_method="HEAD", x_body="none"))
    assert (headers["x-got-content-length"], body) == ("100", b"")


def test_an_answer_before_the_body_has_come_counts(server, peer):
    one = peer(serving(fixed(413, [], b"too much"), early=True))
    headers, body = ask(server, over(one, x_method="POST"), body=b"x" * 1000)
    assert (headers["x-status"], body) == ("413", b"too much")


def test_interim_responses_are_passed_over(server, peer):
    def answer(session, number, stream):
        session.http.send_headers(number, [(":status", "103"), ("link", "x")])
        session.respond(number, [(":status", "200")], b"ok")

    headers, body = ask(server, over(peer(serving(answer)), x_body="none"))
    assert (headers["x-status"], body) == ("200", b"ok") and "x-got-link" not in headers


def test_plain_http_is_http_2_where_the_environment_says_so(cache, tmp_path):
    with Peer(serving(fixed(200, [], b"h2", [("x-end", "1")]))) as one, Peer(answering(OK)) as other:
        path = manifest(tmp_path, ["http://127.0.0.1:*"])
        with runner.Swell("-f", str(path), cache=cache, log=tmp_path / "log", env={"SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE": f"127.0.0.1:{one.port}"}) as server:
            for _ in range(3):
                answer = ask(server, to(one, x_method="POST"), body=b"abc")
                assert answer[1] == b"h2\ntrailer x-end: 1", answer
                assert ask(server, to(other, x_body="none"))[1] == b"ok"
        assert dict(one.requests[0].fields)[":scheme"] == "http" and one.requests[0].body == b"abc"


# ---- what goes wrong ----


def resets(code):
    return lambda session, number, stream: session.http.reset_stream(number, code)


def says(data):
    def answer(session, number, stream):
        session.flush()
        session.socket.sendall(data(number))

    return answer


def frame(kind, flags, number, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + number.to_bytes(4, "big") + payload


def goes_away(session, number, stream):
    session.http.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
    session.flush()
    session.socket.close()


def half_a_body(session, number, stream):
    session.http.send_headers(number, [(":status", "200"), ("content-length", "10")])
    session.http.send_data(number, b"abc")
    session.flush()
    session.socket.close()


def many_fields(session, number, stream):
    session.respond(number, [(":status", "200"), *((f"x-{i}", "y" * 2000) for i in range(100))], b"ok")


BROKEN = "HTTP-protocol-error|connection-terminated"


@pytest.mark.parametrize("answer, errors", [
    (resets(h2.errors.ErrorCodes.INTERNAL_ERROR), BROKEN),
    (resets(h2.errors.ErrorCodes.CANCEL), BROKEN),
    (resets(h2.errors.ErrorCodes.REFUSED_STREAM), BROKEN),
    (goes_away, BROKEN),
    (says(lambda number: b"HTTP/1.1 200 OK\r\n\r\n" * 10), BROKEN),
    (says(lambda number: frame(1, 4, number, b"\xff\xff\xff\xff\xff\xff")), BROKEN),  # HPACK that is none
    (says(lambda number: frame(0, 1, number, b"no head")), BROKEN),
    (says(lambda number: frame(1, 4, number + 1, b"\x88")), BROKEN),  # a stream of nobody
    (says(lambda number: frame(9, 0, number, b"")), BROKEN),  # a continuation of nothing
    (says(lambda number: frame(4, 0, 0, b"odd")), BROKEN),
    (says(lambda number: b"\xff\xff\xff\x01\x04\x00\x00\x00\x01" + b"x" * 65536), BROKEN),
], ids=["internal error", "cancel", "refused", "goaway", "no frames", "hpack", "data first", "stream", "continuation", "settings", "large frame"])
def test_a_broken_server_is_an_error_of_this_request(server, peer, answer, errors):
    one = peer(serving(answer))
    headers, _ = ask(server, over(one, x_body="none", x_between_ms=5000, x_first_ms=5000))
    assert re.fullmatch(errors, headers.get("x-error", f"status {headers.get('x-status')}"))
    good = peer(serving(fixed(200, [], b"ok")))
    assert ask(server, over(good, x_body="none"))[1] == b"ok"


def test_a_body_that_ends_too_early_is_an_error(server, peer):
    headers, body = ask(server, over(peer(serving(half_a_body)), x_body="none"))
    if "x-error" in headers:  # head and end came in one piece
        assert re.fullmatch(BROKEN, headers["x-error"])
    else:
        assert headers["x-status"] == "200"
        assert re.fullmatch(f"abc\nfailed ({BROKEN})", body.decode())


def test_more_fields_than_a_head_may_have_are_an_error(server, peer):
    headers, _ = ask(server, over(peer(serving(many_fields)), x_body="none"))
    # the last one when libcurl has ended the connection before it says why
    assert headers["x-error"] in ("HTTP-response-header-section-size", "HTTP-protocol-error", "connection-terminated")


def test_a_server_that_says_nothing_runs_out_of_time(server, peer):
    headers, _ = ask(server, over(peer(serving(lambda *_: None)), x_body="none", x_first_ms=300))
    assert headers["x-error"] == "connection-read-timeout"
