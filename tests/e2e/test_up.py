"""`swell up` as a person sees it: what it prints, what it says when something is wrong, what it keeps for the next start."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

import guests
import swell as runner
from client import get

MANIFEST = """\
spin_manifest_version = 2

[application]
name = "shop"
version = "1.2.3"
description = "a shop"

[[trigger.http]]
route = "/hello/..."
component = "hello"

[[trigger.http]]
route = "/exact"
component = "hello"

[component.hello]
source = "hello.wasm"
description = "says hello"
environment = { GREETING = "hi" }
"""


@pytest.fixture
def app(tmp_path):
    """A folder with an application; write(text) changes its manifest."""
    folder = tmp_path / "app"
    folder.mkdir()
    shutil.copy(guests.build("c"), folder / "hello.wasm")
    (folder / "spin.toml").write_text(MANIFEST)
    return folder


def up(*args, cwd, cache, env=None, timeout=120):
    """Runs to its end: for starts that fail. Returns (exit code, stdout, stderr)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_"))}
    environment.update(HOME=str(cwd), XDG_CACHE_HOME=str(cache), **(env or {}))
    run = subprocess.run([str(runner.program()), *args], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=timeout)
    return run.returncode, run.stdout, run.stderr


def test_a_bad_address_in_the_environment_is_named(app, cache):
    code, _, err = up("up", cwd=app, cache=cache, env={"SPIN_HTTP_LISTEN_ADDR": "nowhere"})
    assert code == 2
    assert err.startswith("error: SPIN_HTTP_LISTEN_ADDR is 'nowhere': --listen: expected ADDRESS:PORT, got 'nowhere'\nhint: ")


def test_start_up_output(start, app):
    with start(["-f", str(app)]) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert server.output == (
            f"\nServing {base}\nAvailable Routes:\n"
            f"  hello: {base}/hello (wildcard)\n    says hello\n"
            f"  hello: {base}/exact\n    says hello\n")
        assert get(server.port, "/hello/x").status == 404  # the guest's own
        assert get(server.port, "/exact").text == "nothing here\n"
        assert get(server.port, "/other").body == b""


@pytest.mark.parametrize("form", ["folder", "file", "here", "parent", "wasm"])
def test_finds_the_application(start, app, form):
    below = app / "below"
    below.mkdir()
    args, cwd = {
        "folder": (["-f", str(app)], None),
        "file": (["-f", str(app / "spin.toml")], None),
        "here": ([], app),
        "parent": ([], below),
        "wasm": (["-f", str(app / "hello.wasm")], None),
    }[form]
    with start(args, cwd=cwd) as server:
        assert get(server.port, "/" if form == "wasm" else "/exact").status in (200, 404)


def test_the_second_start_compiles_nothing(start, app, tmp_path):
    cache = tmp_path / "own-cache"
    cache.mkdir()

    def files():
        return {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}

    with start(["-f", str(app)], cache=cache) as server:
        assert get(server.port, "/exact").status == 404
    first = files()
    assert any(path.suffix == ".cwasm" for path in first)
    assert all(path.stat().st_mode & 0o777 == 0o444 for path in first if path.suffix in (".cwasm", ".img"))
    begin = time.monotonic()
    with start(["-f", str(app)], cache=cache) as server:
        ready = time.monotonic() - begin
        assert get(server.port, "/exact").status == 404
    assert files() == first
    assert ready < 2


def test_a_broken_cache_entry_is_not_used(start, app, tmp_path):
    cache = tmp_path / "own-cache"
    cache.mkdir()
    with start(["-f", str(app)], cache=cache):
        pass
    broken = [path for path in cache.rglob("*.cwasm")]
    for path in broken:
        path.chmod(0o644)
        path.write_bytes(b"")
        path.chmod(0o444)
    server = start(["-f", str(app)], cache=cache)
    try:
        with server:
            server.expect_log(r".*")
            assert get(server.port, "/exact").status == 404
    except AssertionError:
        # Refusing to start with a message is right too; serving garbage or dying is not.
        assert "swell ended with 1" in str(server.process.returncode) or re.search(r"cwasm|cache", server.log())


def test_an_application_that_is_changed_is_compiled_anew(start, app, tmp_path):
    cache = tmp_path / "own-cache"
    cache.mkdir()
    with start(["-f", str(app)], cache=cache) as server:
        assert get(server.port, "/exact").text == "nothing here\n"
    before = set(cache.rglob("*.cwasm"))
    shutil.copy(guests.build("hostile"), app / "hello.wasm")
    with start(["-f", str(app)], cache=cache) as server:
        assert get(server.port, "/exact").status == 404
    assert set(cache.rglob("*.cwasm")) > before


@pytest.mark.parametrize("change, expected", [
    # what is done to the manifest, and what the message has to hold, in this order
    (("version = 2", "version = 3"), ["spin.toml:1:", "spin_manifest_version", "3"]),
    (('route = "/exact"', "route = 7"), ["spin.toml:13:", "route", "string", "7"]),
    (('component = "hello"\n\n[component', 'component = "hallo"\n\n[component'), ["spin.toml:14:", "hallo", "hello"]),
    (('source = "hello.wasm"', 'source = "none.wasm"'), ["none.wasm"]),
    (('source = "hello.wasm"', 'sorce = "hello.wasm"'), ["spin.toml:17:", "sorce", "source"]),
    (("[application]", "[application"), ["spin.toml:3:"]),
    (('name = "shop"', 'name = "shop"\nname = "two"'), ["spin.toml:5:", "name"]),
    (("environment = {", 'key_value_stores = ["default"]\nenvironment = {'), ["spin.toml:19:", "key_value_stores"]),
    (('environment = { GREETING = "hi" }', 'environment = { GREETING = 1 }'), ["spin.toml:19:", "GREETING", "string", "1"]),
    (("[component.hello]", "[component.he_llo]"), ["spin.toml:", "he_llo"]),
])
def test_a_wrong_manifest_is_explained(app, cache, change, expected):
    text = MANIFEST.replace(*change, 1)
    assert text != MANIFEST
    (app / "spin.toml").write_text(text)
    code, out, err = up("up", "--listen", "127.0.0.1:0", cwd=app, cache=cache)
    assert code not in (0, -6, -11) and not out.strip()
    at = 0
    for part in expected:
        found = err.find(part, at)
        assert found >= 0, f"{part!r} is not in the message, or not after what was expected before it:\n{err}"
        at = found
    assert not runner.NEVER.search(err)


@pytest.mark.parametrize("args, expected", [
    (["up", "-f", "nowhere"], "nowhere"),
    (["up", "--listen", "127.0.0.1:99999"], "99999"),
    (["up", "--listen", "nonsense"], "nonsense"),
    (["up", "--workers", "0"], "workers"),
    (["up", "--workers", "x"], "x"),
    (["up", "--env", "NOEQUALS"], "key=value"),
    (["up", "--unknown"], "--unknown"),
    (["up", "-f"], "-f"),
    (["fly"], "fly"),
])
def test_a_wrong_command_line_is_explained(app, cache, args, expected):
    code, out, err = up(*args, cwd=app, cache=cache)
    assert code not in (0, -6, -11) and expected in err and not out.strip()


@pytest.mark.parametrize("content", [b"", b"\0asm", b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0", b"not wasm at all", b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\xff"])
def test_a_file_that_is_no_http_component_is_explained(app, cache, content):
    (app / "hello.wasm").write_bytes(content)
    code, out, err = up("up", "--listen", "127.0.0.1:0", cwd=app, cache=cache)
    assert code not in (0, -6, -11) and "hello" in err and not out.strip()
    assert not runner.NEVER.search(err)


def test_a_port_in_use_is_explained(app, cache):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = up("up", "--listen", f"127.0.0.1:{port}", cwd=app, cache=cache)
    assert code not in (0, -6, -11) and str(port) in err


def test_without_an_application_says_what_was_looked_for(tmp_path, cache):
    code, _, err = up("up", "--listen", "127.0.0.1:0", cwd=tmp_path, cache=cache)
    assert code != 0 and "spin.toml" in err


def test_help_and_version(tmp_path, cache):
    code, out, _ = up("--help", cwd=tmp_path, cache=cache)
    assert code == 0 and "up" in out
    code, out, _ = up("--version", cwd=tmp_path, cache=cache)
    assert code == 0 and re.search(r"\d+\.\d+\.\d+", out)
    code, out, _ = up("up", "--help", cwd=tmp_path, cache=cache)
    assert code == 0 and all(option in out for option in ("--listen", "--env", "--quiet", "--workers"))
