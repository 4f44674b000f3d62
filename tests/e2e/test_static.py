"""Static folders that the host answers from, on the real server: [[application.tool.swell.static]]."""

import gzip
import os
import resource
import shutil
import time

import pytest

import guests
from client import Connection
from swell import Swell

MANIFEST = """\
spin_manifest_version = 2
[application]
name = "site"

[[application.tool.swell.static]]
route = "/files/..."
folder = "public"

[[application.tool.swell.static]]
route = "/app/..."
folder = "spa"
fallback = "index.html"
cache_control = "public, max-age=60"

[[application.tool.swell.static]]
route = "/odd/..."
folder = "public"
fallback = "sub"

[[trigger.http]]
route = "/hello"
component = "hello"

[component.hello]
source = "hello.wasm"
"""
PAGE = "<p>a page</p>\n" * 50
LARGE = os.urandom(1 << 20) * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(guests.build("c"), folder / "hello.wasm")
    (folder / "spin.toml").write_text(MANIFEST)
    (folder / "secret").write_text("not served\n")
    public = folder / "public"
    (public / "sub").mkdir(parents=True)
    (public / "index.html").write_text("front\n")
    (public / "a.txt").write_text("0123456789")
    (public / "page.html").write_text(PAGE)
    (public / "page.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (public / "sub/index.html").write_text("sub\n")
    (public / ".hidden").write_text("hidden\n")
    (public / "large.bin").write_bytes(LARGE)
    (public / "empty").write_bytes(b"")
    (public / "out").symlink_to("../secret")
    (public / "inside").symlink_to("a.txt")
    os.mkfifo(public / "fifo")
    (folder / "spa").mkdir()
    (folder / "spa/index.html").write_text("the app\n")
    (folder / "spa/main.js").write_text("let a\n")
    return folder


@pytest.fixture(scope="module")
def server(folder, cache, tmp_path_factory):
    with Swell("-f", str(folder), cache=cache, log=tmp_path_factory.mktemp("log") / "static.log") as server:
        yield server


def ask(server, path, method="GET", **fields):
    with Connection(server.port) as connection:
        return connection.request(path, method, [(name.replace("_", "-"), value) for name, value in fields.items()])


ANSWERS = {  # path: status, body, location
    "/files/a.txt": (200, "0123456789", None),
    "/files/": (200, "front\n", None),
    "/files": (200, "front\n", None),
    "/files/sub/": (200, "sub\n", None),
    "/files/sub": (308, "", "/files/sub/"),
    "/files/sub?x=1": (308, "", "/files/sub/?x=1"),
    "/files/inside": (200, "0123456789", None),
    "/files/empty": (200, "", None),
    "/files/nothing": (404, "", None),
    "/files/out": (404, "", None),
    "/files/fifo": (404, "", None),
    "/files/.hidden": (404, "", None),
    "/files/../secret": (404, "", None),
    "/files/%2e%2e/secret": (404, "", None),
    "/files/..%2fsecret": (404, "", None),
    "/files/a.txt%00.html": (400, "", None),
    "/files/%zz": (400, "", None),
    "/files//etc/passwd": (404, "", None),
    "/app/": (200, "the app\n", None),
    "/app/main.js": (200, "let a\n", None),
    "/app/some/route": (200, "the app\n", None),
    "/odd/a.txt": (200, "0123456789", None),
    "/odd/nothing": (404, "", None),  # its fallback is a folder
    "/secret": (404, "", None),
}


@pytest.mark.parametrize("path", ANSWERS)
def test_a_path_means_a_file(server, path):
    status, body, location = ANSWERS[path]
    response = ask(server, path)
    assert (response.status, response.text, response.get("location")) == (status, body, location)


def test_what_a_file_is_sent_with(server):
    response = ask(server, "/files/page.html")
    assert response.get("content-type") == "text/html; charset=utf-8"
    assert response.get("cache-control") == "no-cache"
    assert response.get("accept-ranges") == "bytes"
    assert response.get("x-content-type-options") == "nosniff"
    assert response.get("content-length") == str(len(PAGE))
    assert ask(server, "/app/main.js").get("cache-control") == "public, max-age=60"


def test_a_file_that_was_compressed_beside_it_is_sent(server):
    response = ask(server, "/files/page.html", accept_encoding="gzip, br")
    assert response.get("content-encoding") == "gzip" and gzip.decompress(response.body).decode() == PAGE
    assert response.get("content-type") == "text/html; charset=utf-8" and response.get("vary") == "accept-encoding"
    plain = ask(server, "/files/page.html")
    assert plain.get("content-encoding") is None and plain.get("etag") != response.get("etag")


def test_what_did_not_change_is_not_sent_again(server):
    first = ask(server, "/files/a.txt")
    for fields in ({"if_none_match": first.get("etag")}, {"if_modified_since": first.get("last-modified")}):
        again = ask(server, "/files/a.txt", **fields)
        assert (again.status, again.body, again.get("etag")) == (304, b"", first.get("etag"))


def test_parts_of_a_file(server):
    response = ask(server, "/files/a.txt", range="bytes=2-4")
    assert (response.status, response.text, response.get("content-range")) == (206, "234", "bytes 2-4/10")
    response = ask(server, "/files/large.bin", range="bytes=3000000-")
    assert response.status == 206 and response.body == LARGE[3000000:]
    assert ask(server, "/files/a.txt", range="bytes=50-").status == 416


def test_a_large_file_arrives_whole(server):
    assert ask(server, "/files/large.bin").body == LARGE


def test_head_sends_no_body_and_other_methods_are_refused(server):
    with Connection(server.port) as connection:
        response = connection.request("/files/a.txt", "HEAD")
        assert (response.status, response.body, response.get("content-length")) == (200, b"", "10")
        response = connection.request("/files/a.txt", "POST", body=b"x")
        assert (response.status, response.get("allow")) == (405, "GET, HEAD")
        assert connection.request("/files/a.txt").text == "0123456789"


def test_a_file_that_cannot_be_opened_now_is_not_said_to_be_missing(server):
    """Without descriptors nobody knows whether it is there: a 404 would be believed, and kept by caches."""
    def limit(pid, soft):
        old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (old[1] if soft is None else soft, old[1]))
    with Connection(server.port) as connection:
        assert connection.request("/files/a.txt").status == 200
        for pid in server.workers():
            used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
            limit(pid, min(set(range(len(used) + 1)) - used))
        statuses = [connection.request(path).status for path in ("/files/a.txt", "/app/some/route")]
        for pid in server.workers():
            limit(pid, None)
        assert statuses == [503, 503]
        assert connection.request("/files/a.txt").status == 200
    server.expect_log(r"static\.open.*Too many open files")


def test_head_does_not_read_the_file(server, folder):
    path = folder / "public/endless"
    with open(path, "wb") as file:
        os.truncate(file.fileno(), 1 << 40)  # reading it takes minutes
    response = ask(server, "/files/endless", "HEAD")
    assert (response.status, response.get("content-length")) == (200, str(1 << 40))
    path.unlink()


def test_a_file_that_becomes_shorter_cuts_the_answer(server, folder):
    path = folder / "public/shrinks"
    path.write_bytes(b"x" * 50_000_000)
    connection = Connection(server.port)
    connection.send(b"GET /files/shrinks HTTP/1.1\r\nhost: a\r\n\r\n")
    connection.more()
    os.truncate(path, 10)
    response = connection.response()
    assert not response.complete
    server.expect_log(r"static\.short")
    path.unlink()


def test_clients_that_leave_leave_no_descriptor(server):
    def descriptors():
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers())
    ask(server, "/files/a.txt")
    time.sleep(0.1)
    before = descriptors()
    for _ in range(20):
        connection = Connection(server.port)
        connection.send(b"GET /files/large.bin HTTP/1.1\r\nhost: a\r\n\r\n")
        connection.more()
        connection.socket.close()
    time.sleep(0.3)
    assert descriptors() <= before
    assert ask(server, "/hello").complete  # the component beside it


def test_a_bad_table_is_refused(tmp_path, cache, folder):
    import subprocess

    import swell as runner
    rows = {
        'route = "/x"\nfolder = "public"': "expected a route that ends in '/...', got the string '/x'",
        'route = "/x/..."\nfolder = "../up"': "expected a folder below the manifest's, got the string '../up'",
        'route = "/x/..."\nfolder = "public"\nindex = "a/b"': "expected the name of a file, got the string 'a/b'",
        'route = "/x/..."': "folder",
        'route = "/x/..."\nfolder = "public"\nfolders = 1': "folders",
        'route = "/x/..."\nfolder = "missing"': "the static folder",
    }
    for text, message in rows.items():
        app = tmp_path / "app"
        shutil.rmtree(app, ignore_errors=True)
        app.mkdir()
        shutil.copy(folder / "hello.wasm", app)
        (app / "public").mkdir()
        (app / "spin.toml").write_text(MANIFEST.split("[[application")[0] + "[[application.tool.swell.static]]\n" + text + "\n[[trigger.http]]" + MANIFEST.split("[[trigger.http]]")[1])
        run = subprocess.run([str(runner.program()), "up", "--listen", "127.0.0.1:0"], cwd=app, capture_output=True, text=True, timeout=60,
                             env={**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(tmp_path)})
        assert run.returncode != 0 and message in run.stderr, run.stderr
