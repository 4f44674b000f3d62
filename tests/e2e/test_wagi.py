"""The Wagi executor, WASI 0.1 and mounted files, with a plain C program on the real server: spin.md 2.7, 1.9, 1.13."""

import os
import shutil
import signal
import time

import pytest

import guests
from client import Connection
from swell import Swell

MANIFEST = """\
spin_manifest_version = 2
[application]
name = "wagi"

[[trigger.http]]
route = "/cgi/..."
component = "cgi"
executor = { type = "wagi" }

[[trigger.http]]
route = "/u/:id/..."
component = "cgi"
executor = { type = "wagi", argv = "prog ${ARGS} end" }

[[trigger.http]]
route = "/static"
static_response = { status_code = 203, headers = { x-a = "b" }, body = "from the manifest" }

[component.cgi]
source = "wagi.wasm"
environment = { MINE = "yes", REQUEST_METHOD = "forged" }
files = [{ source = "data", destination = "/data" }, "*.txt"]

[component.cgi.tool.swell.limits]
cpu_time = "500ms"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wagi")
    shutil.copy(guests.build("wagi"), folder / "wagi.wasm")
    (folder / "spin.toml").write_text(MANIFEST)
    (folder / "data/sub").mkdir(parents=True)
    (folder / "data/a.txt").write_text("file content\n")
    (folder / "data/sub/b.txt").write_text("b\n")
    (folder / "top.txt").write_text("top\n")
    (folder / "secret").write_text("not granted\n")
    return folder


@pytest.fixture(scope="module")
def server(folder, cache, tmp_path_factory):
    with Swell("-f", str(folder), cache=cache, log=tmp_path_factory.mktemp("log") / "wagi.log") as server:
        yield server


def ask(server, target, method="GET", body=b"", headers=()):
    with Connection(server.port) as connection:
        head = [f"{method} {target} HTTP/1.1", "host: h:3000", *headers]
        if body:
            head.append(f"content-length: {len(body)}")
        connection.send("\r\n".join([*head, "", ""]).encode() + body)
        return connection.response(method)


ANSWERS = {  # path: status, body, header, log line
    "hello": (200, "hello\n", ("content-type", "text/plain"), None),
    "status": (418, "short and stout\n", None, None),
    "location": (302, "", ("location", "/elsewhere"), None),
    "bad-status": (502, "the output's status is 'many', expected three digits from 200 on\n", None, r"wagi\.output component=cgi .*: the output's status"),
    "no-head": (500, "Exactly one of 'location' or 'content-type' must be specified\n", None, r"wagi\.output component=cgi .*: Exactly one of"),
    "nothing": (500, "the command printed nothing\n", None, r"wagi\.output component=cgi .*: the command printed nothing"),
    "fail-late": (500, "", None, r"guest\.trap component=cgi .* kind=exit: the guest exited with code 3"),
    "trap": (500, "", None, r"guest\.trap component=cgi .* kind=unreachable"),
    "loop": (504, "the component used up its CPU time of 500 ms\n", None, r"limit\.cpu_time component=cgi"),
    "stderr": (200, "", None, r"^a line for the log$"),
    "time": (200, "slept now\n", None, None),
}


@pytest.mark.parametrize("path", ANSWERS)
def test_output_becomes_a_response(server, path):
    status, body, header, line = ANSWERS[path]
    if line:
        server.expect_log(line)
    response = ask(server, f"/cgi/{path}")
    assert (response.status, response.text) == (status, body)
    if header:
        assert response.get(header[0]) == header[1]
    assert ask(server, "/cgi/hello").text == "hello\n"


def test_the_environment_is_that_of_cgi(server):
    response = ask(server, "/u/7/env?a=1&b=2", headers=["X-Thing: 1", "authorization: secret", "proxy: http://evil", "spin-path-info: /forged"])
    env = dict(line.split("=", 1) for line in response.text.splitlines())
    want = {
        "MINE": "yes", "REQUEST_METHOD": "GET", "PATH_INFO": "/env", "SCRIPT_NAME": "/u/:id", "X_PATH_MATCH_ID": "7",
        "QUERY_STRING": "a=1&b=2", "SERVER_NAME": "h", "SERVER_PORT": "3000", "X_FULL_URL": "http://h:3000/u/7/env?a=1&b=2",
        "X_MATCHED_ROUTE": "/u/:id/...", "X_COMPONENT_ROUTE": "/u/:id", "X_RAW_COMPONENT_ROUTE": "/u/:id/...", "X_BASE_PATH": "/",
        "HTTP_X_THING": "1", "HTTP_HOST": "h:3000", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "WAGI/1",
        "GATEWAY_INTERFACE": "CGI/1.1", "CONTENT_LENGTH": "0",
    }
    assert {name: env.get(name) for name in want} == want
    assert not {"HTTP_AUTHORIZATION", "HTTP_PROXY", "HTTP_SPIN_PATH_INFO"} & set(env)


def test_arguments_come_from_path_query_and_template(server):
    assert ask(server, "/cgi/args?x=1&y=2").text == "[/cgi/args][x=1][y=2]"
    assert ask(server, "/u/1/args?x&y").text == "[prog][x][y][end]"


def test_the_body_is_stdin(server):
    body = os.urandom(300_000)
    response = ask(server, "/cgi/echo", "POST", body)
    assert response.body == body
    assert ask(server, "/cgi/count", "POST", b"x" * 5_000_000).text == "5000000\n"


def test_a_long_output_is_streamed(server):
    response = ask(server, "/cgi/pour?20000000")
    assert response.status == 200 and len(response.body) == 20_000_000


def test_head_has_no_body(server):
    response = ask(server, "/cgi/hello", "HEAD")
    assert (response.status, response.body, response.get("content-length")) == (200, b"", "6")


def test_a_client_that_leaves_ends_the_output(server):
    for _ in range(3):
        connection = Connection(server.port)
        connection.send(b"GET /cgi/pour?100000000000 HTTP/1.1\r\nhost: h\r\n\r\n")
        connection.more()
        connection.socket.close()
    server.allow_log(r"guest\.trap component=cgi .*(exit|cancelled)|limit\.cpu_time component=cgi")
    time.sleep(0.2)
    assert ask(server, "/cgi/hello").text == "hello\n"


def test_static_responses_need_no_component(server):
    response = ask(server, "/static")
    assert (response.status, response.get("x-a"), response.text) == (203, "b", "from the manifest")
    assert ask(server, "/static", "HEAD").body == b""


FILES = {
    "file?/data/a.txt": "file content\n",
    "file?/data/../data/sub/b.txt": "b\n",
    "file?/top.txt": "top\n",
    "list?/data": "a.txt\nsub\n",
    "list?/": "data\ntop.txt\n",
    "file?/secret": "/secret: No such file or directory\n",
    "file?/spin.toml": "/spin.toml: No such file or directory\n",
    "escape?/../etc/passwd": "Operation not permitted\n",
    "escape?/data/../../secret": "Operation not permitted\n",
    "escape?/proc/self/environ": "No such file or directory\n",
}


@pytest.mark.parametrize("path", FILES)
def test_only_what_is_mounted_is_there(server, path):
    assert ask(server, f"/cgi/{path}").text == FILES[path]


CHANGES = ["mkdir", "write", "append", "rename", "link", "truncate", "unlink", "unlink", "rmdir"]


def test_mounts_are_read_only(server, folder):
    lines = ask(server, "/cgi/change").text.splitlines()
    assert [line for line in lines if line.split(":")[0] in CHANGES] == [f"{call}: Read-only file system" for call in CHANGES]
    assert not (folder / "made").exists()


def test_the_right_to_set_a_size_is_no_wish_to_write(server):
    assert ask(server, "/cgi/open-as-go?data/a.txt").text == "Success\n"
    assert ask(server, "/cgi/open-as-go?data/none").text == "No such file or directory\n"


def test_transient_writes_change_a_copy(folder, cache, tmp_path):
    with Swell("-f", str(folder), "--allow-transient-write", cache=cache, log=tmp_path / "log", env={"TMPDIR": str(tmp_path)}) as server:
        assert ask(server, "/cgi/change").text.splitlines() == [
            "mkdir: done", "write: done", "append: done", "rename: done", "link: done", "read: hello again", "truncate: done", "size: 5",
            "unlink: done", "unlink: done", "rmdir: done",
        ]
        assert len(list(tmp_path.glob("swell-*"))) == 1
    assert not list(tmp_path.glob("swell-*"))  # the copy went with the application
    assert sorted(path.name for path in folder.iterdir()) == [".spin", "data", "secret", "spin.toml", "top.txt", "wagi.wasm"]


def test_direct_mounts_show_changes(folder, cache, tmp_path):
    (tmp_path / "app/data").mkdir(parents=True)
    shutil.copy(folder / "wagi.wasm", tmp_path / "app")
    (tmp_path / "app/spin.toml").write_text(MANIFEST.replace(', "*.txt"]', "]"))
    with Swell("-f", str(tmp_path / "app"), "--direct-mounts", cache=cache, log=tmp_path / "log") as server:
        assert ask(server, "/cgi/list?/data").text == ""
        (tmp_path / "app/data/new").write_text("fresh\n")
        assert ask(server, "/cgi/file?/data/new").text == "fresh\n"


def test_a_reload_mounts_anew(folder, cache, tmp_path):
    app = tmp_path / "app"
    shutil.copytree(folder, app)
    with Swell("-f", str(app), cache=cache, log=tmp_path / "log", env={"TMPDIR": str(tmp_path)}) as server:
        end = time.monotonic() + 30
        for text in ("one\n", "two\n", "three\n"):
            (app / "data/a.txt").write_text(text)
            assert ask(server, "/cgi/file?/data/a.txt").text != text  # the copy is what is served
            server.process.send_signal(signal.SIGHUP)
            while ask(server, "/cgi/file?/data/a.txt").text != text:
                assert time.monotonic() < end
                time.sleep(0.05)
        while len(list(tmp_path.glob("swell-*"))) > 2:  # the first one's copy stays until the end
            assert time.monotonic() < end
            time.sleep(0.05)
    assert not list(tmp_path.glob("swell-*"))


def test_no_request_leaves_a_descriptor(server):
    def descriptors():
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers())
    for path in ("file?/data/a.txt", "list?/data", "trap", "hello"):
        ask(server, f"/cgi/{path}")
    server.expect_log(r"kind=unreachable")
    time.sleep(0.1)
    before = descriptors()
    for _ in range(100):
        for path in ("file?/data/a.txt", "list?/data", "trap"):
            ask(server, f"/cgi/{path}")
    time.sleep(0.1)
    assert descriptors() <= before
