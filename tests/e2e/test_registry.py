"""Packages from a registry: mapping, versions, tokens, against Debian's docker-registry and against servers that mean harm."""

import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

import guests
import swell as runner
from client import get

MAIN = """\
spin_manifest_version = 2
[application]
name = "shop"
[[trigger.http]]
route = "/main/..."
component = "main"
[component.main]
source = SOURCE
environment = { NAME = "ann" }
variables = { colour = "red" }
[component.main.dependencies]
"test:calc/ops@1.2.0" = DEPENDENCY
"""
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.wasm.config.v0+json"


def write(folder, dependency, source='"server.wasm"', config=""):
    shutil.copy(guests.build("compose-server"), folder / "server.wasm")
    (folder / "spin.toml").write_text(MAIN.replace("SOURCE", source).replace("DEPENDENCY", dependency))
    home = folder / ".config/wasm-pkg"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(config)
    return folder


def environment(folder):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_", "XDG_"))}
    return {**clean, "HOME": str(folder), "no_proxy": "*"}


def refuse(folder):
    run = subprocess.run([str(runner.program()), "up", "-f", str(folder), "--listen", "127.0.0.1:0", "--cache-dir", str(folder / "downloads")],
                         env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert run.returncode in (1, 2, 3, 4) and "Serving" not in run.stdout, run
    return run.stderr


def serve(start, folder):
    """HOME is the folder of the log, which is the test's own."""
    return start(["-f", str(folder), "--cache-dir", str(folder / "downloads")], env={"XDG_CONFIG_HOME": "", "no_proxy": "*"})


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# ---- the real registry ----


def find_registry():
    kept = os.environ.get("SWELL_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "swell")
    return os.environ.get("DOCKER_REGISTRY") or shutil.which("docker-registry", path=os.path.join(kept, "docker-registry/usr/bin") + ":"
                                                             + os.environ["PATH"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """host:port of a docker-registry that keeps its files in a folder."""
    program = find_registry()
    if not program:
        pytest.skip("no docker-registry: run tools/setup --test")
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\nhttp:\n  addr: 127.0.0.1:{port}\n")
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def send(method, url, data=b"", **fields):
    request = urllib.request.Request(url, data=data, method=method, headers={name.replace("_", "-"): value for name, value in fields.items()})
    return urllib.request.urlopen(request, timeout=10)


def push(host, repository, tag, wasm, layer_type="application/wasm"):
    base = f"http://{host}/v2/{repository}"
    config = json.dumps({"architecture": "wasm", "os": "wasip2", "layerDigests": [sha(wasm)]}).encode()
    for data in (wasm, config):
        place = urllib.parse.urljoin(base, send("POST", f"{base}/blobs/uploads/").headers["location"])
        send("PUT", place + ("&" if "?" in place else "?") + "digest=" + sha(data), data, content_type="application/octet-stream")
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": sha(config), "size": len(config)},
        "layers": [{"mediaType": layer_type, "digest": sha(wasm), "size": len(wasm)}]}).encode()
    send("PUT", f"{base}/manifests/{tag}", manifest, content_type=MANIFEST)


@pytest.fixture(scope="module")
def filled(registry):
    library, server = guests.build("compose-library").read_bytes(), guests.build("compose-server").read_bytes()
    other = b"\0asm\x0d\0\x01\0"
    for tag, wasm in [("1.2.0", library), ("1.9.0", other), ("1.10.0", library), ("2.0.0", other), ("2.1.0-rc.1", other), ("latest", other)]:
        push(registry, "test/calc", tag, wasm)
    push(registry, "deep/space/test/calc", "1.0.0_build.7", library)
    push(registry, "acme/main", "3.0.0", server)
    push(registry, "acme/tar", "1.0.0", library, "application/vnd.oci.image.layer.v1.tar+gzip")
    return registry


@pytest.mark.parametrize("dependency", [
    '"=1.2.0"', '"^1"', '"1.10"', '">=1.0, <1.9.0"', '{ version = "~1.10", registry = "HOST" }',
    '{ version = "*", package = "test:calc", registry = "HOST", export = "test:calc/ops@1.2.0" }'])
def test_a_dependency_comes_from_the_registry(filled, start, tmp_path, dependency):
    if '"*"' in dependency:  # 2.0.0 is the highest, and is another component
        write(tmp_path, dependency.replace("HOST", filled))
        assert "dependency 'test:calc/ops@1.2.0'" in refuse(tmp_path)
        return
    write(tmp_path, dependency.replace("HOST", filled), config=f'default_registry = "{filled}"\n')
    with serve(start, tmp_path) as server:
        assert get(server.port, "/main/join").text == "one, zwölf"
    kept = tmp_path / "downloads/spin/registry/wasm"
    assert [file.name for file in kept.iterdir()] == [sha(guests.build("compose-library").read_bytes())]


def test_a_component_comes_from_the_registry_by_its_exact_version(filled, start, tmp_path):
    source = f'{{ package = "acme:main", version = "3.0.0", registry = "{filled}" }}'
    write(tmp_path, '"=1.2.0"', source, f'[namespace_registries]\ntest = "{filled}"\n')
    with serve(start, tmp_path) as server:
        assert get(server.port, "/main/join").text == "one, zwölf"


def test_the_configuration_says_where(filled, start, tmp_path):
    write(tmp_path, '"1"', config=f'[namespace_registries]\ntest = "127.0.0.1:1"\n[package_registry_overrides]\n"test:calc" = {{ registry = "maps.example", '
          f'metadata = {{ preferredProtocol = "oci", oci = {{ registry = "{filled}", namespacePrefix = "deep/space/" }} }} }}\n')
    with serve(start, tmp_path) as server:
        assert get(server.port, "/main/join").text == "one, zwölf"


@pytest.mark.parametrize("dependency, words", [
    ('"3"', "spin.toml:12:25: source: package 'test:calc': the registry 'http://HOST' has no version that '3' takes\nhint: the highest one it has is 2.1.0-rc.1\n"),
    ('"=1.2.1"', "the registry has no such package or version"),
    ('{ version = "1", package = "test:none" }', "package 'test:none': ask 'http://HOST/v2/test/none/tags/list?n=1000': the registry has no such package or version"),
    ('{ version = "1", package = "acme:tar" }', "expected a layer of type 'application/wasm', got none of 1\n"),
    ('{ version = "1", registry = "a b" }', "registry: expected the name of a host, got 'a b'\nhint: "),
])
def test_what_the_registry_lacks_is_told(filled, tmp_path, dependency, words):
    write(tmp_path, dependency, config=f'default_registry = "{filled}"\n')
    assert words.replace("HOST", filled) in refuse(tmp_path)


def test_without_a_registry_the_hint_names_the_configuration(tmp_path):
    write(tmp_path, '"1"')
    assert (f"spin.toml:12:25: source: package 'test:calc': no registry is known for it\nhint: write registry = \"HOST\" beside it, or "
            f"default_registry = \"HOST\" into '{tmp_path}/.config/wasm-pkg/config.toml'") in refuse(tmp_path)


# ---- registries that mean harm, and one that wants a token ----


class Answers(http.server.BaseHTTPRequestHandler):
    answers = {}
    asked = []
    token = None

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("authorization")))
        if self.token and self.path.startswith("/v2/") and self.headers.get("authorization") != "Bearer " + self.token:
            status, fields, content = 401, {"www-authenticate": self.challenge}, b"{}"
        else:
            status, fields, content = self.answers.get(self.path, self.answers.get(self.path.split("?")[0], (404, {}, b"")))
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def fake():
    handler = type("Handler", (Answers,), {"answers": {}, "asked": [], "challenge": ""})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.host = f"127.0.0.1:{server.server_port}"
    library = guests.build("compose-library").read_bytes()
    layer = {"mediaType": "application/wasm", "digest": sha(library), "size": len(library)}
    handler.layer = layer
    handler.answers.update({
        "/v2/test/calc/tags/list": (200, {}, json.dumps({"name": "test/calc", "tags": ["1.0.0"]}).encode()),
        "/v2/test/calc/manifests/1.0.0": (200, {}, json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()),
        f"/v2/test/calc/blobs/{layer['digest']}": (200, {}, library)})
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_is_fetched_once_and_sent_with_everything(fake, start, tmp_path):
    fake.token = "secret-" + "x" * 3000
    fake.challenge = f'Bearer realm="http://{fake.host}/token?a=b",service="my registry",scope="repository:other:push"'
    fake.answers["/token"] = (200, {}, json.dumps({"access_token": fake.token}).encode())
    write(tmp_path, '"1"', config=f'default_registry = "{fake.host}"\n')
    with serve(start, tmp_path) as server:
        assert get(server.port, "/main/join").text == "one, zwölf"
    tokens = [path for path, _ in fake.asked if path.startswith("/token")]
    assert tokens == ["/token?a=b&scope=repository:test/calc:pull&service=my%20registry"]
    assert [with_token for _, with_token in fake.asked if with_token] == ["Bearer " + fake.token] * 3


def test_a_registry_describes_itself_and_pages_its_tags(fake, start, tmp_path):
    fake.answers["/.well-known/wasm-pkg/registry.json"] = (
        200, {}, json.dumps({"preferredProtocol": "oci", "oci": {"registry": fake.host, "namespacePrefix": "in/"}}).encode())
    for path in [path for path in fake.answers if path.startswith("/v2/test/")]:
        fake.answers[path.replace("/v2/", "/v2/in/")] = fake.answers.pop(path)
    tags = "/v2/in/test/calc/tags/list?n=1000"
    fake.answers[tags] = (200, {"link": '</x>; rel="next"'}, b'{"tags": ["latest", "0.9.0"]}')
    fake.answers[tags + "&last=0.9.0"] = (200, {}, b'{"tags": ["1.0.0", "v1"]}')
    write(tmp_path, '">=0.1"', config=f'default_registry = "{fake.host}"\n')
    with serve(start, tmp_path) as server:
        assert get(server.port, "/main/join").text == "one, zwölf"


def layers(**change):
    return lambda fake: (200, {}, json.dumps({"layers": [{**fake.layer, **change}]}).encode())


WELL = "/.well-known/wasm-pkg/registry.json"
TAGS = "/v2/test/calc/tags/list"
MANIFESTS = "/v2/test/calc/manifests/1.0.0"
HARM = {
    "wrong bytes": ("BLOB", (200, {}, b"\0asm other"), "expected the digest sha256:"),
    "blob missing": ("BLOB", (404, {}, b""), "expected the status 200, got 404"),
    "blob moved inside": ("BLOB", (307, {"location": "http://10.0.0.1/x"}, b""), "it redirects into another network than its own, which is not followed"),
    "blob moved to metadata": ("BLOB", (307, {"location": "http://169.254.169.254/latest"}, b""), "it redirects into another network than its own"),
    "blob moved to a file": ("BLOB", (307, {"location": "file:///etc/passwd"}, b""), "download '"),
    "manifest moved inside": (MANIFESTS, (302, {"location": "http://192.168.0.1/x"}, b""), "it redirects into another network than its own"),
    "endless redirects": (MANIFESTS, (302, {"location": MANIFESTS}, b""), "ask '"),
    "huge manifest": (MANIFESTS, (200, {}, b'{"a":"' + b"x" * (5 << 20) + b'"}'), "4194304"),
    "manifest is no JSON": (MANIFESTS, (200, {}, b"<html>"), "the manifest of '1.0.0' at '"),
    "manifest is a list": (MANIFESTS, (200, {}, b"[]"), "expected a layer of type 'application/wasm', got none of 0"),
    "manifest deep": (MANIFESTS, (200, {}, b"[" * 100000), "the manifest of '1.0.0' at '"),
    "an index": (MANIFESTS, (200, {}, b'{"manifests": [{}]}'), "it is an image for several platforms"),
    "digest is a path": (MANIFESTS, layers(digest="sha256:../../../../etc/passwd"), "expected a digest as sha256:<hex>, got 'sha256:../"),
    "digest of another kind": (MANIFESTS, layers(digest="sha512:" + "0" * 128), "expected a digest as sha256:<hex>"),
    "digest is a number": (MANIFESTS, layers(digest=7), "expected a digest as sha256:<hex>, got ''"),
    "size too large": (MANIFESTS, layers(size=1 << 40), "expected a component of at most 536870912 bytes, got 1099511627776"),
    "size negative": (MANIFESTS, layers(size=-1), "got -1"),
    "server error": (MANIFESTS, (503, {}, b""), "expected the status 200, got 503"),
    "forbidden": (MANIFESTS, (403, {}, b""), "expected the status 200, got 403"),
    "tags are no JSON": (TAGS, (200, {}, b"{"), "the tags that '"),
    "tags are null": (TAGS, (200, {}, b'{"tags": null}'), "it has none at all"),
    "tags are objects": (TAGS, (200, {}, b'{"tags": [{}, 1, "", "x"]}'), "it has none at all"),
    "tags for ever": (TAGS, (200, {"link": "<x>; rel=next"}, b'{"tags": ["0.1.0"]}'), "has no version that '1' takes"),
    "wants a password": (TAGS, (401, {"www-authenticate": 'Basic realm="x"'}, b""), "wants to know who asks, by 'Basic realm"),
    "says nothing of tokens": (TAGS, (401, {}, b""), "wants to know who asks, by ''"),
    "realm elsewhere": (TAGS, (401, {"www-authenticate": 'Bearer realm="http://tokens.example/"'}, b""), "expected an https address"),
    "realm is a file": (TAGS, (401, {"www-authenticate": 'Bearer realm="file:///etc/passwd"'}, b""), "expected an https address"),
    "describes another protocol": (WELL, (200, {}, b'{"preferredProtocol": "warg"}'), "speaks 'warg', expected 'oci'"),
    "describes a bad host": (WELL, (200, {}, b'{"oci": {"registry": "a/../b"}}'), "expected the name of a host, got 'a/../b'"),
    "describes a bad prefix": (WELL, (200, {}, b'{"oci": {"namespacePrefix": "../../x/"}}'), "is no prefix of repositories"),
    "describes itself badly": (WELL, (200, {}, b"nothing"), "what 'http://"),
    "description fails": (WELL, (500, {}, b""), "expected the status 200 or 404, got 500"),
}


@pytest.mark.parametrize("name", HARM)
def test_a_registry_that_means_harm_is_refused_with_the_reason(fake, tmp_path, name):
    path, answer, words = HARM[name]
    path = f"/v2/test/calc/blobs/{fake.layer['digest']}" if path == "BLOB" else path
    fake.answers[path] = answer(fake) if callable(answer) else answer
    write(tmp_path, '"1"', config=f'default_registry = "{fake.host}"\n')
    err = refuse(tmp_path)
    assert words in err and "spin.toml:12:25: source: " in err
    kept = tmp_path / "downloads/spin/registry/wasm"
    assert not kept.exists() or [*kept.iterdir()] == []
    assert len(fake.asked) < 60


def test_a_token_that_is_none_is_refused(fake, tmp_path):
    fake.token = "x"
    fake.challenge = f'Bearer realm="http://{fake.host}/token"'
    write(tmp_path, '"1"', config=f'default_registry = "{fake.host}"\n')
    for content, words in [(b'{"token": "a\\r\\nx: y"}', "expected a token, got none of visible characters"), (b"{}", "expected a token"),
                           (b"no", "the token from '"), (b'{"token": "wrong"}', "expected the status 200, got 401")]:
        fake.answers["/token"] = (200, {}, content)
        assert words in refuse(tmp_path)
