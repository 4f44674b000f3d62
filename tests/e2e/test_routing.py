"""Routes and what they tell a guest, row by row as the reference has them: spin.md 2.1, 2.3 and 2.5, on the real server.

The rules by themselves are in tests/unit/app/routes.c; here is what comes out of them: which component answers, with which fields."""

import json
import re
import shutil
import socket

import pytest

import guests
from client import Connection
from swell import Swell

# A rule of 2.1: routes, then requests as (path, index of the route that answers, None for 404).
RULES = {
    "a slash in front is added, one at the end taken": (["a", "b/"], [("/a", 0), ("/a/", 0), ("/b", 1), ("/b/", 1)]),
    "the root is itself only": (["/"], [("/", 0), ("//", 0), ("/a", None)]),
    "exact": (["/a/b"], [("/a/b", 0), ("/a/b/", 0), ("//a/b//", 0), ("/a", None), ("/a/b/c", None), ("/a//b", None)]),
    "bytes are compared, nothing is decoded": (["/a%20b", "/Ab"], [("/a%20b", 0), ("/a%2520b", None), ("/Ab", 1), ("/ab", None), ("/%41b", None)]),
    "the query is no part of it": (["/a"], [("/a?b=/c/...", 0), ("/a/?", 0), ("/b?/a", None)]),
    "a wildcard has what is in front of it, too": (["/a/..."], [("/a", 0), ("/a/", 0), ("/a/b/c", 0), ("/ab", None), ("/", None)]),
    "a star is a wildcard": (["/a/*"], [("/a", 0), ("/a/b/c", 0), ("/b", None)]),
    "three dots elsewhere are text": (["/a/.../b", "/c..."], [("/a/.../b", 0), ("/a/x/b", None), ("/c...", 1), ("/cx", None)]),
    "a parameter is one segment": (["/u/:id"], [("/u/7", 0), ("/u/7/", 0), ("/u/", None), ("/u", None), ("/u/7/8", None)]),
    "parameters in a segment have dots between": (["/:a.:b"], [("/x.y", 0), ("/x.y.z", 0), ("/x", None), ("/.y", None)]),
    "text beats parameter beats wildcard": (["/...", "/:a", "/x"], [("/x", 2), ("/y", 1), ("/y/z", 0), ("/", 0)]),
    "from the left": (["/:a/b", "/a/:b"], [("/a/b", 1), ("/c/b", 0)]),
    "more dots win": (["/:a", "/:a.:b"], [("/x.y", 1), ("/x", 0)]),
    "ties keep their order": (["/:a", "/:b"], [("/x", 0)]),
    "of the same text the last wins": (["/a", "/b", "/a"], [("/a", 2), ("/b", 1)]),
    "the host's own paths come first": (["/...", "/.well-known/spin/health"], [("/.well-known/spin", 0), ("/.well-known/other", 0)]),
}

# The table of 2.3: route, path, then path-info, matched-route, raw-component-route, component-route, path matches.
VALUES = [
    ("/", "/", "", "", "/", "/", {}),
    ("/...", "/a/b", "/a/b", "/...", "/...", "", {}),
    ("/a/...", "/a", "", "/a/...", "/a/...", "/a", {}),
    ("/a/...", "/a/", "/", "/a/...", "/a/...", "/a", {}),
    ("/u/:id/...", "/u/7/x/", "/x/", "/u/:id/...", "/u/:id/...", "/u/:id", {"id": "7"}),
    ("b/", "/b", "", "/b", "b/", "b/", {}),
    # and what the text in front of it says
    ("/foo/...", "/foo/x?y=/z", "/x", "/foo/...", "/foo/...", "/foo", {}),
    ("/...", "/", "/", "/...", "/...", "", {}),
    ("/a/*", "/a/b", "/b", "/a/*", "/a/*", "/a/*", {}),
    ("/:One/:two-2.:three_3", "/x%2F/y.z", "", "/:One/:two-2.:three_3", "/:One/:two-2.:three_3", "/:One/:two-2.:three_3",
     {"one": "x%2F", "two-2": "y", "three_3": "z"}),
]


def manifest(routes, more=""):
    text = 'spin_manifest_version = 2\n[application]\nname = "routes"\nversion = "1.0"\n'
    for number, route in enumerate(routes):
        text += f'[[trigger.http]]\nid = "t{number}"\nroute = {json.dumps(route)}\ncomponent = "c{number}"\n'
        text += f'[component.c{number}]\nsource = "headers.wasm"\n'
    return text + more


@pytest.fixture
def serve(tmp_path, start):
    shutil.copy(guests.build("headers"), tmp_path / "headers.wasm")

    def run(routes, more="", **options):
        (tmp_path / "spin.toml").write_text(manifest(routes, more))
        return start(["-f", str(tmp_path), "--access-log", str(tmp_path / "access"), "--access-log-format", "json"], **options)

    return run


def ask(server, path, fields=(), authority=None):
    with Connection(server.port) as connection:
        host = authority or "h:3000"
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        connection.send(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n{lines}\r\n".encode())
        return connection.response()


def told(response):
    return [tuple(line.split("=", 1)) for line in response.text.splitlines()]


@pytest.mark.parametrize("rule", RULES)
def test_a_path_finds_its_component(serve, tmp_path, rule):
    routes, requests = RULES[rule]
    with serve(routes) as server:
        server.allow_log(r"warning: route '.*' of component '.*' is not served|route '/\.well-known/spin/")
        for path, answers in requests:
            response = ask(server, path)
            assert (response.status, response.body == b"") == ((404, True) if answers is None else (200, False)), path
    entries = [json.loads(line) for line in (tmp_path / "access").read_text().splitlines()]
    got = {entry["target"]: entry.get("component") for entry in entries}
    assert got == {path: None if answers is None else f"c{answers}" for path, answers in requests}


@pytest.mark.parametrize("row", VALUES, ids=lambda row: row[1])
def test_a_guest_is_told_by_fields(serve, row):
    route, path, info, matched, raw, component, matches = row
    forged = [("spin-path-info", "forged"), ("Spin-Client-Addr", "1.2.3.4:5"), ("x-mine", "1"), ("spin-other", "forged")]
    with serve([route]) as server:
        fields = told(ask(server, path, forged))
    extra = fields[-(7 + len(matches)):]
    # The client's, without what only the host may say; Host is the authority in wasi:http.
    assert fields[:-len(extra)] == [("x-mine", "1")]
    address = dict(extra).pop("spin-client-addr")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
    assert extra == [("spin-path-info", info), ("spin-full-url", f"http://h:3000{path}"), ("spin-matched-route", matched),
                     ("spin-base-path", "/"), ("spin-raw-component-route", raw), ("spin-component-route", component),
                     ("spin-client-addr", address)] + [(f"spin-path-match-{name}", value) for name, value in matches.items()]


def test_a_private_route_is_reached_by_nobody_outside(serve):
    more = '[[trigger.http]]\nid = "p"\nroute = { private = true }\ncomponent = "p"\n[component.p]\nsource = "headers.wasm"\n'
    with serve(["/a"], more) as server:
        assert ask(server, "/a").status == 200
        assert ask(server, "/p").status == 404
        assert "p: " not in server.output


# 2.5: what a client sees when things go wrong; where Swell differs the row says so.
ERRORS = {
    "no route": (b"GET /none HTTP/1.1\r\nhost: a\r\n\r\n", 404, b"", True),
    "a trap before the response": (b"GET /a?trap HTTP/1.1\r\nhost: a\r\n\r\n", 500, b"", True),
    "no host (Spin closes the connection without an answer)": (b"GET /a HTTP/1.1\r\n\r\n", 400, None, False),
    "a host that is none (the same)": (b"GET /a HTTP/1.1\r\nhost: a b\r\n\r\n", 400, None, False),
    "a host that is not UTF-8 (the same)": (b"GET /a HTTP/1.1\r\nhost: \xff\r\n\r\n", 400, None, False),
    "a value that is not UTF-8 (Spin: 500)": (b"GET /a HTTP/1.1\r\nhost: a\r\nx: \xff\r\n\r\n", 200, None, True),
    "a host of the host's own names": (b"GET /a HTTP/1.1\r\nhost: c0.spin.internal\r\n\r\n", 200, None, True),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_a_client_sees_of_errors(serve, case):
    request, status, body, open_after = ERRORS[case]
    with serve(["/a"]) as server:
        server.allow_log(r"guest\.trap component=c0 ")
        with Connection(server.port) as connection:
            connection.send(request)
            response = connection.response()
            assert response.status == status
            assert body is None or response.body == body
            if open_after:
                connection.send(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
                assert connection.response().status == 200
            else:
                assert not connection.more()


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n"
# Two servers in a row must not read one of these differently: each is refused, and what stands behind it is never a request.
SMUGGLING = {
    "both lengths": b"content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, the other way round": b"transfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n0\r\n\r\n",
    "two different lengths": b"content-length: 0\r\ncontent-length: 5\r\n\r\n",
    "a list of lengths": b"content-length: 0, 5\r\n\r\n",
    "a signed length": b"content-length: +0\r\n\r\n",
    "a length in hexadecimal": b"content-length: 0x0\r\n\r\n",
    "a length with a blank inside": b"content-length: 0 0\r\n\r\n",
    "a length that overflows": b"content-length: 18446744073709551616\r\n\r\n",
    "an empty length": b"content-length:\r\n\r\n",
    "a blank before the colon": b"content-length : 0\r\n\r\n",
    "a tab before the colon": b"transfer-encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a coding that is none": b"transfer-encoding: xchunked\r\n\r\n",
    "chunked twice": b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then identity": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked and something else in two fields": b"transfer-encoding: chunked\r\ntransfer-encoding: cow\r\n\r\n0\r\n\r\n",
    "chunked in quotes": b"transfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "chunked behind a vertical tab": b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked on a folded line": b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a name with a NUL": b"transfer-encoding\x00: chunked\r\n\r\n0\r\n\r\n",
    "a name behind a blank": b" transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a carriage return in a value": b"x: a\rtransfer-encoding: chunked\r\n\r\n",
    "a line feed alone": b"x: a\ntransfer-encoding: chunked\r\n\r\n",
    "a chunk size with a sign": b"transfer-encoding: chunked\r\n\r\n+0\r\n\r\n",
    "a chunk size in another notation": b"transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a chunk size that overflows": b"transfer-encoding: chunked\r\n\r\n10000000000000000\r\n\r\n",
    "a chunk that is longer than it says": b"transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "a chunk line that ends in a line feed": b"transfer-encoding: chunked\r\n\r\n0\n\r\n",
    "an extension with a line feed": b"transfer-encoding: chunked\r\n\r\n0;a\nb\r\n\r\n",
    "a trailer that is no field": b"transfer-encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n",
}


@pytest.fixture(scope="module")
def echoes(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("echo")
    shutil.copy(guests.build("c"), folder / "hello.wasm")
    (folder / "spin.toml").write_text(manifest(["/..."]).replace("headers.wasm", "hello.wasm"))
    args = ["-f", str(folder), "--access-log", str(folder / "access")]
    with Swell(*args, cache=cache, log=tmp_path_factory.mktemp("log") / "echo.log") as server:
        server.folder = folder
        server.allow_log(r"response\.cut|guest\.trap .* path=/echo")
        yield server


@pytest.mark.parametrize("case", SMUGGLING)
def test_nothing_is_smuggled(echoes, case):
    with socket.create_connection(("127.0.0.1", echoes.port), 30) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nhost: a\r\n" + SMUGGLING[case] + SMUGGLED)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
    status = int(answer.split(b" ", 2)[1]) if answer else 0
    assert status in (400, 413, 500, 501) or not answer.endswith(b"0\r\n\r\n"), answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"smuggled" not in (echoes.folder / "access").read_bytes()
