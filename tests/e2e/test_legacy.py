"""test_legacy.py - components of older Spin SDKs, unmodified: requests and responses as one value each, and requests to others so."""

import pytest

import guests
import swell as runner
from client import Connection, get
from test_outgoing import OK, Peer, answering

VALUES = ["inbound", "inbound-typed", "old-abi", "old-abi-libc"]  # a component; core modules of both generations of bindings
each_value = pytest.mark.parametrize("name", VALUES)


def manifest(folder, name, hosts=("http://127.0.0.1:*", "http://self"), extra=""):
    path = folder / f"{name}.toml"
    listed = ", ".join(f'"{host}"' for host in hosts)
    path.write_text(f"""spin_manifest_version = 2
[application]
name = "legacy"
[variables]
token = {{ default = "t0p" }}
[[trigger.http]]
route = "/..."
component = "main"
[component.main]
source = "{guests.build(name)}"
allowed_outbound_hosts = [{listed}]
[component.main.variables]
token = "{{{{ token }}}}"
{extra}""")
    return path


@pytest.fixture(scope="module")
def legacy(cache, tmp_path_factory):
    running = {}

    def server(name):
        if name not in running:
            folder = tmp_path_factory.mktemp("legacy")
            running[name] = runner.Swell("-f", str(manifest(folder, name)), cache=cache, log=folder / "swell.log").__enter__()
        return running[name]

    yield server
    for one in running.values():
        one.__exit__(None, None, None)


# ---- requests and responses ----


@each_value
def test_says_hello_with_each_of_its_fields(legacy, name):
    response = get(legacy(name).port, "/hello")
    assert (response.status, response.text) == (200, "Hello from the first SDKs\n")
    assert response.get("content-type") == "text/plain"
    assert [value for key, value in response.fields if key == "set-cookie"] == ["a=1", "b=2"]
    assert response.get("content-length") == str(len(response.body))


@each_value
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_sees_method_uri_and_fields(legacy, name, method):
    port = legacy(name).port
    fields = [("X-One", "1"), ("x-two", "zwei ü"), ("spin-path-info", "mine"), ("X-One", "again")]
    response = get(port, "/request?a=b%20c&d", method=method, fields=fields)
    lines = response.text.splitlines()
    assert lines[0] == f"{method} /request?a=b%20c&d 0"
    assert [line for line in lines if line.startswith("x-")] == ["x-one=1", "x-two=zwei ü", "x-one=again"]
    assert [line for line in lines if line.startswith("spin-path-info")] == ["spin-path-info=/request"]
    assert "spin-full-url=http://test.example/request?a=b%20c&d" in lines
    assert "spin-component-route=" in lines


@each_value
def test_a_method_without_a_word_is_405_and_runs_nothing(legacy, name):
    for method in ("TRACE", "BREW"):
        assert get(legacy(name).port, "/trap", method=method).status == 405


@each_value
def test_head_has_no_body(legacy, name):
    with Connection(legacy(name).port) as connection:
        connection.send(b"HEAD /hello HTTP/1.1\r\nhost: a\r\n\r\nGET /hello HTTP/1.1\r\nhost: a\r\n\r\n")
        first = connection.response("HEAD")
        assert (first.status, first.body) == (200, b"")
        assert connection.response().text == "Hello from the first SDKs\n"


@each_value
@pytest.mark.parametrize("size", [0, 1, 65536, 4 << 20])
def test_a_body_comes_back_whole(legacy, name, size):
    body = bytes(i * 7 & 255 for i in range(size))
    with Connection(legacy(name).port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size + body)
        assert connection.response().body == body


@each_value
def test_a_chunked_body_comes_back_whole(legacy, name):
    with Connection(legacy(name).port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        connection.send(b"4\r\ndefg\r\n0\r\n\r\n")
        assert connection.response().body == b"abcdefg"


@each_value
@pytest.mark.parametrize("status, want", [(201, 201), (404, 404), (599, 599), (600, 600), (99, 500), (601, 500), (65535, 500)])
def test_a_status_is_one_or_500(start, tmp_path, name, status, want):
    with start(["-f", str(manifest(tmp_path, name))]) as server:
        server.allow_log("response.bad")
        assert get(server.port, f"/status/{status}").status == want
        assert get(server.port, "/hello").status == 200


@each_value
def test_variables(legacy, name):
    assert get(legacy(name).port, "/config/token").text == "= t0p"
    assert get(legacy(name).port, "/config/none").text == '0: no variable for "main"."none"'
    assert get(legacy(name).port, "/config/a-b").text.startswith('1: "a-b": invalid character')


@pytest.mark.parametrize("name", ["inbound-libc", "old-abi-libc"])
def test_a_core_module_has_wasi_01_without_an_adapter(start, tmp_path, name):
    (tmp_path / "note").write_text("kept in a file\n")
    extra = 'files = ["note"]\n[component.main.environment]\nNAME = "value"\n'
    path = manifest(tmp_path, name)
    path.write_text(path.read_text().replace("[component.main.variables]", extra + "[component.main.variables]"))
    with start(["-f", str(path)]) as server:
        assert get(server.port, "/libc").text == "NAME=value\nkept in a file\n"
        assert get(server.port, "/hello").text == "Hello from the first SDKs\n"
        server.stop()
        assert "printed by the guest" in server.log() + server.process.stdout.read().decode()


HOSTILE = {
    "/fields/name": "bad name or value", "/fields/value": "bad name or value", "/fields/pointer": "guest.trap", "/fields/outside": "guest.trap",
    "/fields/odd": "guest.trap", "/fields/many": "guest.trap", "/text": "guest.trap", "/pointer": "guest.trap", "/list": "guest.trap",
    "/tag": "guest.trap", "/trap": "guest.trap", "/answer-outside": "guest.trap", "/answer-odd": "guest.trap",
}


@each_value
def test_what_no_guest_should_answer_is_500_and_harms_nobody(start, tmp_path, name):
    with start(["-f", str(manifest(tmp_path, name))]) as server:
        for path, said in HOSTILE.items():
            server.expect_log(said)
            assert get(server.port, path).status == 500, path
            assert get(server.port, "/hello").status == 200
        server.allow_log("response.bad|guest.trap")


@each_value
def test_fields_that_are_the_connections_are_left_out(legacy, name):
    for path in ("/fields/connection", "/fields/length"):
        response = get(legacy(name).port, path)
        assert (response.status, response.body, response.get("transfer-encoding")) == (200, b"body", None)
        assert response.get("content-length") == "4"


@each_value
def test_a_field_that_is_no_text_is_500(start, tmp_path, name):
    with start(["-f", str(manifest(tmp_path, name))]) as server:
        server.expect_log("is no UTF-8")
        with Connection(server.port) as connection:
            connection.send(b"GET /hello HTTP/1.1\r\nhost: a\r\nx-odd: \xff\xfe\r\n\r\n")
            assert connection.response().status == 500
        assert get(server.port, "/hello").status == 200


# ---- a core module of Rust's standard library for WASI 0.1 that names its world, wasi:http@0.2, as Spin's SDKs 2 to 5 build it ----


def test_a_core_module_for_wasi_http_is_served_without_an_adapter(start):
    with start(["-f", str(guests.build("rust-typed")), "--env", "A=1"]) as server:
        assert get(server.port).text == "Hello from Rust on Swell\n"
        assert get(server.port, "/echo", method="POST", body=b"x" * 100000).body == b"x" * 100000
        assert get(server.port, "/env").text == "A=1\n"
        assert get(server.port, "/print").text == "printed\n"
        assert int(get(server.port, "/time").text.split()[1]) >= 25  # slept
        assert len({get(server.port, "/random").text for _ in range(5)}) == 5
        server.expect_log("guest.trap|panicked")
        server.expect_log("asked to")
        assert get(server.port, "/panic").status == 500
        server.stop()
        assert "to stdout" in server.log() + server.process.stdout.read().decode()


# ---- the two release candidates of WASI 0.2 ----

each_older = pytest.mark.parametrize("name", ["older-1018", "older-1110"])


@each_older
def test_a_release_candidates_handler_answers(legacy, name):
    response = get(legacy(name).port, "/hello")
    assert (response.status, response.text, response.get("x-by")) == (200, "Hello from a release candidate\n", "older")
    lines = get(legacy(name).port, "/fields", fields=[("X-One", "1")]).text.splitlines()
    assert "x-one=1" in lines and "spin-matched-route=/..." in lines


@each_older
@pytest.mark.parametrize("size", [0, 5, 300000])
def test_a_release_candidates_streams_carry_a_body(legacy, name, size):
    body = bytes(i % 251 for i in range(size))
    none = b" trailers=0" if name == "older-1018" else b" trailers=none"
    assert get(legacy(name).port, "/echo", method="POST", body=body).body == body + none
    with Connection(legacy(name).port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-end: 1\r\n\r\n")
        assert connection.response().body == (b"abc trailers=1" if name == "older-1018" else b"abc trailers=some")


@each_older
def test_a_release_candidate_sends_requests(legacy, name):
    with Peer(answering(OK)) as peer:
        assert get(legacy(name).port, "/send", fields=[("x-to", f"127.0.0.1:{peer.port}")]).text == "200 ok"
        assert peer.requests[0][0].startswith("GET /there HTTP/1.1")
    refused, failed = ("HTTP-request-denied", "connection-refused") if name == "older-1018" else ("15", "6")
    assert get(legacy(name).port, "/send", fields=[("x-to", "example.com")]).text == f"refused: {refused}"
    assert get(legacy(name).port, "/send", fields=[("x-to", "127.0.0.1:1")]).text == f"failed: {failed}"


def test_a_release_candidates_clocks(legacy):
    assert get(legacy("older-1018").port, "/time").text == "UTC0"


def test_what_the_first_candidate_could_not_refuse_is_a_trap(start, tmp_path):
    with start(["-f", str(manifest(tmp_path, "older-1018"))]) as server:
        server.expect_log("a field is the connection's business")
        server.allow_log("response.cut")
        with Connection(server.port) as connection:
            connection.send(b"GET /bad HTTP/1.1\r\nhost: a\r\n\r\n")
            assert not connection.response().complete
        assert get(server.port, "/hello").status == 200
    with start(["-f", str(manifest(tmp_path, "older-1110"))]) as server:
        assert get(server.port, "/bad").text == "11"  # header-error.forbidden


# ---- limits ----


@each_value
def test_a_body_over_its_limit_is_413(start, tmp_path, name):
    limits = '[component.main.tool.swell.limits]\nrequest_body = "1KiB"\nresponse_body = "2KiB"\ntime = "10s"\n'
    with start(["-f", str(manifest(tmp_path, name, extra=limits))]) as server:
        server.allow_log("limit.request_body|limit.response_body|response.bad")
        assert get(server.port, "/echo", method="POST", body=b"x" * 1024).status == 200
        assert get(server.port, "/echo", method="POST", body=b"x" * 1025).status == 413
        with Connection(server.port) as connection:
            connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n401\r\n" + b"x" * 0x401 + b"\r\n0\r\n\r\n")
            assert connection.response().status == 413
        assert get(server.port, "/hello").status == 200


@each_value
def test_a_body_that_never_ends_is_answered_504(start, tmp_path, name):
    limits = '[component.main.tool.swell.limits]\ntime = "300ms"\n'
    with start(["-f", str(manifest(tmp_path, name, extra=limits))]) as server:
        server.expect_log("limit.time")
        with Connection(server.port) as connection:
            connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc")
            assert connection.response().status == 504
        assert get(server.port, "/hello").status == 200


@each_value
def test_a_client_that_leaves_before_its_body_ended_harms_nobody(legacy, name):
    for part in (b"", b"abc"):
        with Connection(legacy(name).port) as connection:
            connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n" + part)
    assert get(legacy(name).port, "/hello").status == 200


# ---- requests to others ----


def send(server, url, method="GET", body=b"", extra=""):
    fields = [("x-url", url), ("x-method", method)] + ([("x-extra", extra)] if extra else [])
    return get(server.port, "/send", method="POST", body=body, fields=fields).text


@each_value
def test_a_request_reaches_its_peer_and_comes_back_as_one_value(legacy, name):
    with Peer(answering(b"HTTP/1.1 203 Sure\r\nX-Kind: Odd\r\nx-kind: Odder\r\ncontent-length: 6\r\n\r\nanswer")) as peer:
        text = send(legacy(name), f"http://127.0.0.1:{peer.port}/a/b?c=d#e", "PUT", b"the body", "42")
        head, body, _ = peer.requests[0]
        assert head.startswith("PUT /a/b?c=d HTTP/1.1")
        lines = head.lower().split("\r\n")
        assert "x-extra: 42" in lines and "content-length: 8" in lines and "content-type: text/x-sent" in lines
        assert "connection: close" not in lines and body == b"the body"
        assert text.startswith("203\n") and "\nx-kind: Odd\nx-kind: Odder\n" in text and text.endswith("\n\nanswer")


@each_value
def test_a_large_response_comes_back_whole(legacy, name):
    large = bytes(i % 251 for i in range(3 << 20))
    with Peer(answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(large) + large)) as peer:
        response = get(legacy(name).port, "/send", fields=[("x-url", f"http://127.0.0.1:{peer.port}/")])
        assert response.body.endswith(b"\n\n" + large)


@each_value
@pytest.mark.parametrize("url, error", [
    ("http://example.com/", 1), ("https://127.0.0.1/", 1), ("", 1), ("no url", 1), ("http://", 1), ("http:///x", 1), ("http://a b/", 1),
    ("http://user@127.0.0.1:1/", 2), ("http://127.0.0.1:1/", 4), ("http://127.0.0.1:1/a b", 2), ("ftp://127.0.0.1/", 1),
])
def test_what_is_not_granted_or_cannot_be_is_an_error(start, tmp_path, name, url, error):
    with start(["-f", str(manifest(tmp_path, name))]) as server:
        server.allow_log("may not connect to|tried to make a request")
        assert send(server, url) == f"error {error}"


@each_value
def test_the_application_itself_is_reached_by_a_path(legacy, name):
    text = send(legacy(name), "/request?of=self")
    assert text.startswith("200\n") and "\n\nGET /request?of=self 0\n" in text


@each_value
def test_a_connection_that_breaks_is_an_error(legacy, name):
    for answer in (b"", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", b"nonsense\r\n\r\n"):
        def behave(peer, connection, answer=answer):
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()

        with Peer(behave) as peer:
            assert send(legacy(name), f"http://127.0.0.1:{peer.port}/") == "error 4"


@each_value
@pytest.mark.parametrize("status, kept", [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_a_redirect_is_followed(legacy, name, status, kept):
    with Peer(answering(OK)) as last:
        def hop(head, body):
            return f"HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{last.port}/there\r\ncontent-length: 0\r\n\r\n".encode()

        with Peer(answering(hop)) as first:
            assert send(legacy(name), f"http://127.0.0.1:{first.port}/", "POST", b"body").startswith("200\n")
        assert "authorization: secret" in first.requests[0][0].lower()
    head, body, _ = last.requests[0]
    assert head.startswith("POST /there" if kept else "GET /there")
    assert body == (b"body" if kept else b"")
    assert "authorization" not in head.lower() and ("content-type" in head.lower()) == kept


@each_value
def test_each_hop_is_asked_for(start, tmp_path, name):
    with Peer(answering(OK)) as last:
        hop = b"HTTP/1.1 302 Found\r\nlocation: http://localhost:%d/\r\ncontent-length: 0\r\n\r\n" % last.port
        with Peer(answering(hop)) as first:
            with start(["-f", str(manifest(tmp_path, name))]) as server:
                server.allow_log("tried to make a request")
                assert send(server, f"http://127.0.0.1:{first.port}/") == "error 1"
        assert last.connections == 0


@each_value
@pytest.mark.parametrize("location, path", [("x", "/a/x"), ("/x", "/x"), ("?q", "/a/b?q"), ("//127.0.0.1:PORT/y", "/y")])
def test_a_relative_location_is_meant_from_where_it_stands(legacy, name, location, path):
    def hop(head, body):
        if not head.startswith("GET /a/b HTTP"):
            return OK
        return f"HTTP/1.1 302 Found\r\nlocation: {location.replace('PORT', str(peer.port))}\r\ncontent-length: 0\r\n\r\n".encode()

    with Peer(answering(hop)) as peer:
        assert send(legacy(name), f"http://127.0.0.1:{peer.port}/a/b").startswith("200\n")
        assert peer.requests[1][0].startswith(f"GET {path} HTTP/1.1")


@each_value
def test_a_circle_of_redirects_ends(legacy, name):
    with Peer(answering(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")) as peer:
        assert send(legacy(name), f"http://127.0.0.1:{peer.port}/") == "error 4"
        assert len(peer.requests) == 11
