"""Manifests as `swell up` serves them: variables by each of their sources, downloads, profiles, static and private routes, version 1."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading

import pytest

import guests
import swell as runner
from client import get

HEAD = """\
spin_manifest_version = 2
[application]
name = "shop"
"""
ROUTE = """\
[[trigger.http]]
route = "/..."
component = "reader"
"""
VARIABLES = (
    HEAD
    + ROUTE
    + """\
[variables]
host = { default = "h.example" }
token = { required = true, secret = true }
[component.reader]
source = "reader.wasm"
variables = { url = "https://{{ host }}/{{ token }}", empty = "" }
[component.reader.profile.other]
source = "other.wasm"
environment = { GREETING = "profile" }
"""
)


@pytest.fixture
def app(tmp_path):
    """A folder with an application; write the manifest yourself."""
    folder = tmp_path / "app"
    folder.mkdir()
    shutil.copy(guests.build("variables"), folder / "reader.wasm")
    shutil.copy(guests.build("c"), folder / "other.wasm")
    return folder


def up(*args, cwd, cache, env=None, timeout=120):
    """Runs to its end: for starts that fail. Returns (exit code, stderr)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_"))}
    environment.update(HOME=str(cwd), XDG_CACHE_HOME=str(cache), **(env or {}))
    run = subprocess.run([str(runner.program()), "up", *args, "--listen", "127.0.0.1:0"], cwd=cwd, env=environment,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    return run.returncode, run.stderr


def body(server, path):
    answer = get(server.port, path)
    assert answer.status == 200, answer
    return answer.body.decode()


# ---- variables ----


@pytest.mark.parametrize(
    "args, env, files, token",
    [
        (["--variable", "token=given"], {"SPIN_VARIABLE_TOKEN": "env"}, {}, "given"),
        (["--variable", "token=@token.txt"], {}, {"token.txt": "from a file"}, "from a file"),
        (["--variable", "@v.json"], {}, {"v.json": '{"token": "json"}'}, "json"),
        (["--variable", "@v.toml"], {}, {"v.toml": 'token = "toml"\n'}, "toml"),
        (["--runtime-config-file", "rc.toml"], {"SPIN_VARIABLE_TOKEN": "env"},
         {"rc.toml": '[[variables_provider]]\ntype = "static"\nvalues = { token = "static" }\n'}, "static"),
        ([], {"RUNTIME_CONFIG_FILE": "rc.toml", "MINE_TOKEN": "mine"},
         {"rc.toml": '[[config_provider]]\ntype = "env"\nprefix = "MINE"\n'}, "mine"),
        ([], {"SPIN_VARIABLE_TOKEN": "env"}, {".env": "SPIN_VARIABLE_TOKEN=dotenv\n"}, "env"),
        ([], {}, {".env": "SPIN_VARIABLE_TOKEN='dotenv'\n"}, "dotenv"),
    ],
)
def test_a_value_comes_from_the_first_source_that_has_it(app, start, args, env, files, token):
    (app / "spin.toml").write_text(VARIABLES)
    for name, text in files.items():
        (app / name).write_text(text)
    with start([*args], cwd=app, env=env) as server:
        assert body(server, "/get/url") == f"= https://h.example/{token}"
        assert token not in server.log() and token not in server.output


def test_three_interfaces_read_variables_with_their_own_errors(app, start):
    (app / "spin.toml").write_text(VARIABLES)
    bad = "\"Bad\": invalid character 'B'. Variable names may contain only lower-case letters, numbers, and underscores."
    with start(["--variable", "token=t", "--variable", "host=i.example"], cwd=app) as server:
        for path, want in {
            "/get/url": "= https://i.example/t",
            "/get/empty": "= ",
            "/get/token": '1: no variable for "reader"."token"',
            "/get/Bad": "0: " + bad,
            "/get/": '0: "": must not be empty',
            "/config/url": "= https://i.example/t",
            "/config/token": '0: no variable for "reader"."token"',
            "/config/Bad": "1: " + bad,
            "/store/url": "= https://i.example/t",
            "/store/token": "none",
            "/store/Bad": "none",
            "/all": "url=https://i.example/t\nempty=\n",
        }.items():
            assert body(server, path) == want


def test_a_start_without_a_required_value_names_it(app, cache):
    (app / "spin.toml").write_text(VARIABLES)
    code, err = up(cwd=app, cache=cache)
    assert code == 2
    assert err == ("error: no provider resolved required variable(s): [token]\n"
                   "hint: give --variable token=VALUE, or set SPIN_VARIABLE_TOKEN in the environment\n")


def test_what_is_wrong_with_a_source_is_said_without_its_value(app, cache):
    (app / "spin.toml").write_text(VARIABLES)
    (app / ".env").write_text("SPIN_VARIABLE_TOKEN='s3cret\n")
    assert up(cwd=app, cache=cache) == (2, "error: .env:1: expected a closing quote, got the end of the file\n")
    (app / ".env").unlink()
    code, err = up("--variable", "s3cret", cwd=app, cache=cache)
    assert code == 2 and "s3cret" not in err and "--variable: expected NAME=VALUE" in err
    (app / "rc.toml").write_text('[[variables_provider]]\ntype = "vault"\ntoken = "s3cret"\n')
    code, err = up("--runtime-config-file", "rc.toml", cwd=app, cache=cache)
    assert code == 2 and "s3cret" not in err
    assert "rc.toml:2:8: vault: this version of Swell does not support variables from that provider yet" in err


def test_values_are_in_no_file(app, start):
    (app / "spin.toml").write_text(VARIABLES)
    secret = "s3cret-that-is-nowhere"
    with start([], cwd=app, env={"SPIN_VARIABLE_TOKEN": secret}) as server:
        assert secret in body(server, "/get/url")
        for folder in (app, app.parent):
            for path in folder.rglob("*"):
                assert not path.is_file() or secret.encode() not in path.read_bytes(), path


# ---- profiles, routes, version 1 ----


def test_a_profile_replaces_the_source(app, start, cache):
    (app / "spin.toml").write_text(VARIABLES)
    with start(["--profile", "other", "--variable", "token=t"], cwd=app) as server:
        assert b"Hello" in get(server.port, "/").body
    code, err = up("--profile", "othr", "--variable", "token=t", cwd=app, cache=cache)
    assert (code, err) == (2, "error: spin.toml: Profile othr is not defined in this application\nhint: did you mean 'other'?\n")


def test_static_and_private_routes(app, start):
    (app / "spin.toml").write_text(HEAD + """\
[[trigger.http]]
route = "/old"
static_response = { status_code = 301, headers = { location = "/new" }, body = "moved\\n" }
[[trigger.http]]
route = { private = true }
component = "c"
[[trigger.http]]
id = "in place"
route = "/new"
component = { source = "other.wasm" }
[component.c]
source = "reader.wasm"
""")
    with start([], cwd=app) as server:
        answer = get(server.port, "/old")
        assert (answer.status, answer.get("location"), answer.body) == (301, "/new", b"moved\n")
        assert get(server.port, "/new").body == b"nothing here\n"  # that component
        assert get(server.port, "/").status == 404
        assert re_routes(server.output) == ["http-trigger1: /old", "inline-component1: /new"]


def re_routes(output):
    lines = output.split("Available Routes:\n")[1].splitlines()
    return [line.strip().split(": http://")[0] + ": /" + line.rsplit("/", 1)[1] for line in lines if line.strip()]


def test_a_manifest_of_version_1_is_served(app, start):
    (app / "spin.toml").write_text("""\
spin_version = "1"
name = "old"
version = "0.1.0"
trigger = { type = "http", base = "/" }
[variables]
token = { required = true }
[[component]]
id = "Old_Reader"
source = "reader.wasm"
config = { url = "{{ token }}" }
[component.trigger]
route = "/r/..."
executor = { type = "spin" }
""")
    with start(["--variable", "token=one"], cwd=app) as server:
        assert "old-reader: http://" in server.output
        assert server.log().count("is ignored") == 1
        assert get(server.port, "/r/x").body == b"url=one\n"


# ---- downloads ----


class Files(http.server.BaseHTTPRequestHandler):
    answers = {}
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        status, headers, content = self.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    """A web server on the loopback: fill web.answers with path: (status, headers, content)."""
    handler = type("Handler", (Files,), {"answers": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.base = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def remote(url, digest):
    return HEAD + ROUTE + f'[component.reader]\nsource = {{ url = "{url}", digest = "sha256:{digest}" }}\n'


def test_a_component_is_downloaded_once(app, start, web, cache):
    content = (app / "reader.wasm").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    web.answers = {"/moved": (302, {"location": "/r.wasm"}, b""), "/r.wasm": (200, {}, content)}
    (app / "spin.toml").write_text(remote(web.base + "/moved", digest))
    downloads = app.parent / "downloads"
    for _ in range(2):
        with start(["--cache-dir", str(downloads)], cwd=app) as server:
            assert get(server.port, "/all").status == 200
    assert web.asked == ["/moved", "/r.wasm"]
    kept = downloads / f"spin/registry/wasm/sha256:{digest}"
    assert kept.read_bytes() == content and [*kept.parent.iterdir()] == [kept]
    kept.write_bytes(b"something else")  # it is looked at, and fetched anew
    with start(["--cache-dir", str(downloads)], cwd=app) as server:
        assert get(server.port, "/all").status == 200
    assert kept.read_bytes() == content


def test_a_download_that_is_not_what_was_meant_is_refused(app, web, cache):
    downloads = app.parent / "downloads"
    digest = "0" * 64
    web.answers = {"/r.wasm": (200, {}, b"other"), "/away": (302, {"location": "file:///etc/passwd"}, b"")}

    def failure(path):
        (app / "spin.toml").write_text(remote(web.base + path, digest))
        code, err = up("--cache-dir", str(downloads), cwd=app, cache=cache)
        assert code in (1, 2)
        return err

    got = hashlib.sha256(b"other").hexdigest()
    assert failure("/r.wasm") == (
        f"error: spin.toml:8:10: source: download '{web.base}/r.wasm': expected the digest sha256:{digest}, got sha256:{got}\n"
        "hint: if that is the right file, write its digest into the manifest\n")
    assert "source: download '" + web.base + "/none': expected the status 200, got 404\n" in failure("/none")
    assert "source: download '" + web.base + "/away': " in failure("/away")
    assert [*(downloads / "spin/registry/wasm").iterdir()] == []
