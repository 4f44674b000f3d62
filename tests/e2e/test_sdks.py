"""test_sdks.py - applications that are made with the SDKs and packages that other people use (tests/sdks), together in one application: each
answers, sends requests to others, and reaches the others by service chaining. SWELL_LANGUAGES=1, for bringing and building them takes minutes."""

import hashlib
import os
import subprocess

import pytest

import languages
from client import Connection
from guests import OUT, ROOT
from swell import Swell
from test_outgoing import OK, Peer, answering

pytestmark = pytest.mark.skipif(not os.environ.get("SWELL_LANGUAGES"), reason="the SDKs take long to bring and to build; SWELL_LANGUAGES=1 has them tested")

SDKS = ("rust", "javascript", "python")  # those that can send requests
COMMANDS = ("go", "shell")
COMPONENT = """
[[trigger.http]]
route = "/{name}/..."
component = "{name}"
{more}
[component.{name}]
source = "{source}"
"""
GRANTED = """allowed_outbound_hosts = ["http://*.spin.internal", "http://127.0.0.1:*"]
variables = { greeting = "hello" }
"""
SITE = "<p>a page\n"


def build(name):
    """The path of the program; skips with the reason when its packages are not there."""
    sha = hashlib.sha256()
    for path in [*sorted((ROOT / "tests/sdks" / name).rglob("*")), ROOT / "tools/build-sdk"]:
        if path.is_file():
            sha.update(path.name.encode() + b"\0" + path.read_bytes())
    out = OUT / f"sdk-{name}-{sha.hexdigest()[:16]}.wasm"
    if not out.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        if name != "go":
            subprocess.run([str(ROOT / "tools/build-sdk"), "get", name], cwd=ROOT, check=False)
        run = subprocess.run([str(ROOT / "tools/build-sdk"), "build", name, str(out)], cwd=ROOT, capture_output=True, text=True)
        if run.returncode == 77:
            pytest.skip(run.stderr.strip().splitlines()[-1])
        assert run.returncode == 0, run.stderr
    return out


def shell():
    """The interpreter of tests/languages, which runs the script of a folder."""
    program = next(one for one in languages.PROGRAMS if one.language == "Shell")
    try:
        return program.make()[0]
    except languages.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdks")
    text = 'spin_manifest_version = 2\n[application]\nname = "sdks"\n'
    text += '[[application.tool.swell.static]]\nroute = "/site/..."\nfolder = "site"\n'
    for name in SDKS:
        text += COMPONENT.format(name=name, source=build(name), more="") + GRANTED
    text += COMPONENT.format(name="go", source=build("go"), more='executor = { type = "wagi" }\n')
    text += COMPONENT.format(name="shell", source=shell(), more='executor = { type = "wagi", argv = "sh /app/main.sh" }\n')
    text += 'files = [{ source = "app", destination = "/app" }]\n'
    text += '[component.shell.tool.swell.limits]\ncpu_time = "60s"\n'
    (folder / "app").mkdir()
    (folder / "app/main.sh").write_text('printf "content-type: text/plain\\nx-sdk: shell\\n\\nhello $REQUEST_METHOD $PATH_INFO "\n'
                                        'if [ "$REQUEST_METHOD" = POST ]; then read -r line; printf "$line"; fi\n')
    (folder / "site").mkdir()
    (folder / "site/page.html").write_text(SITE)
    (folder / "spin.toml").write_text(text)
    with Swell("-f", str(folder), cache=cache, log=folder / "log") as server:
        server.allow_log(r"Handler returned an error: ErrorCode::HttpRequestDenied")  # of the SDK for Rust
        yield server


def ask(server, path, url=None, body=b""):
    with Connection(server.port, timeout=120) as connection:
        return connection.request(path, method="POST" if body else "GET", body=body, fields=[("x-url", url)] if url else [])


@pytest.mark.parametrize("name", SDKS + COMMANDS)
@pytest.mark.parametrize("body", [b"", b"some text"], ids=["GET", "POST"])
def test_answers(server, name, body):
    path = f"/{name}/a/b"
    for _ in range(3):
        answer = ask(server, path, body=body)
        seen = "/a/b" if name == "shell" else path
        assert (answer.status, answer.get("x-sdk")) == (200, name), server.log()
        assert answer.text == f"hello {'POST' if body else 'GET'} {seen} {body.decode()}"


@pytest.mark.parametrize("name", SDKS)
def test_sends_requests_to_others(server, name):
    with Peer(answering(OK)) as peer:
        answer = ask(server, f"/{name}/", url=f"http://127.0.0.1:{peer.port}/x?y=z")
        assert (answer.status, answer.text) == (200, "200: ok"), server.log()
        assert peer.requests[0][0].startswith("GET /x?y=z HTTP/1.1\r\n")


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize("other", SDKS + COMMANDS)
def test_reaches_the_others_by_service_chaining(server, name, other):
    answer = ask(server, f"/{name}/", url=f"http://{other}.spin.internal/from/{name}")
    assert (answer.status, answer.text) == (200, f"200: hello GET /from/{name} "), server.log()


@pytest.mark.parametrize("name", SDKS)
def test_what_is_not_granted_is_an_error_that_the_sdk_tells(server, name):
    answer = ask(server, f"/{name}/", url="http://somewhere.example/")
    assert answer.status == 500
    assert f"The component '{name}' tried to make a request to a host that it may not connect to, 'http://somewhere.example'" in server.log()


def test_files_are_served_beside_them(server):
    answer = ask(server, "/site/page.html")
    assert (answer.status, answer.text, answer.get("content-type")) == (200, SITE, "text/html; charset=utf-8")
