"""Log files, what reaches the terminal, the access log, the log's own form and levels; spin.md 5.9, 6.2, 6.4."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time

import pytest

import guests
import swell as runner
from client import Connection, get

MANIFEST = """\
spin_manifest_version = 2
[application]
name = "logs"

[[trigger.http]]
route = "/loud/..."
component = "loud"

[[trigger.http]]
route = "/calm/..."
component = "calm"

[[trigger.http]]
id = "front"
route = "/fixed"
static_response = { body = "fixed" }

[component.loud]
source = "logs.wasm"

[component.calm]
source = "logs.wasm"
"""
READY_SECONDS = 120


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    shutil.copy(guests.build("logs"), folder / "logs.wasm")
    (folder / "spin.toml").write_text(MANIFEST)
    return folder


def wait_for(check, seconds=20):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def lines(path):
    return path.read_text().splitlines()


def test_each_stream_of_each_component_has_a_file_beside_the_manifest(start, app):
    logs = app / ".spin/logs"
    with start(["-f", str(app)], cwd=app, workers=2) as server:
        assert wait_for(lambda: 'Logging component stdio to ".spin/logs/"\n' in server.log())
        for number in range(20):
            assert get(server.port, f"/loud/{number}").text == "printed\n"
        get(server.port, "/calm/x")
    assert sorted(path.name for path in logs.iterdir()) == [
        "calm_stderr.txt", "calm_stdout.txt", "loud_stderr.txt", "loud_stdout.txt"]
    assert sorted(lines(logs / "loud_stdout.txt")) == sorted(f"out /loud/{number}" for number in range(20))
    assert sorted(lines(logs / "loud_stderr.txt")) == sorted(f"err /loud/{number}" for number in range(20))
    assert lines(logs / "calm_stdout.txt") == ["out /calm/x"]
    assert server.log().count(" /loud/") == 40  # both streams on the host's stderr
    with start(["-f", str(app)]) as server:  # files are appended to
        get(server.port, "/calm/y")
    assert lines(logs / "calm_stdout.txt") == ["out /calm/x", "out /calm/y"]
    with start(["-f", str(app), "--truncate-logs"]) as server:
        get(server.port, "/calm/z")
    assert lines(logs / "calm_stdout.txt") == ["out /calm/z"]
    assert lines(logs / "loud_stdout.txt") == []


@pytest.mark.parametrize("form", ["option", "environment", "state", "config", "state in config", "off", "state off", "config off"])
def test_where_the_files_are_can_be_said(start, app, tmp_path, form):
    elsewhere, config = tmp_path / "else where", tmp_path / "config.toml"
    args, env = [], {}
    if form == "option":
        args = ["--log-dir", "../else where"]
        env = {"SPIN_LOG_DIR": "/nowhere"}
    elif form == "environment":
        env = {"SPIN_LOG_DIR": str(elsewhere)}
    elif form == "state":
        args = ["--state-dir", str(elsewhere)]
    elif form == "config":
        config.write_text(f'log_dir = "{elsewhere}"\n')
    elif form == "state in config":
        config.write_text(f'state_dir = "{elsewhere}"\n')
    elif form == "off":
        args = ["--log-dir", ""]
    elif form == "state off":
        args = ["--state-dir="]
    elif form == "config off":
        config.write_text('log_dir = ""\n')
    if config.exists():
        args = ["--runtime-config-file", str(config)]
    with start(["-f", str(app), *args], cwd=app, env=env) as server:
        get(server.port, "/loud/1")
    log = server.log()  # whole now: the supervisor's lines have a queue of their own
    assert not (app / ".spin").exists()
    if form.endswith("off"):
        assert "Logging component" not in log and not elsewhere.exists()
    else:
        folder = elsewhere / "logs" if form.startswith("state") else elsewhere
        shown = "../else where" if form == "option" else folder
        assert f'Logging component stdio to "{shown}/"' in log
        assert lines(folder / "loud_stdout.txt") == ["out /loud/1"]


@pytest.mark.parametrize("args, loud, calm", [
    ([], "{} /loud/1", "{} /calm/1"),
    (["--quiet"], None, None),
    (["--follow", "calm"], None, "{} /calm/1"),
    (["--follow", "calm", "--follow", "loud", "--log-prefix"], "loud | {} /loud/1", "calm | {} /calm/1"),
])
def test_what_reaches_the_terminal(start, app, args, loud, calm):
    with start(["-f", str(app), *args]) as server:
        get(server.port, "/loud/1")
        get(server.port, "/calm/1")
    shown = [line for line in server.log().splitlines() if re.search(r"\b(out|err) /", line)]
    assert shown == [text.format(stream) for text in (loud, calm) if text for stream in ("out", "err")]
    for name in ("loud", "calm"):  # without a name in front, and whatever is shown
        assert lines(app / f".spin/logs/{name}_stdout.txt") == [f"out /{name}/1"]


def test_a_reload_goes_on_in_the_files_and_takes_new_ones(start, app):
    logs = app / ".spin/logs"
    with start(["-f", str(app)]) as server:
        get(server.port, "/loud/1")
        assert wait_for(lambda: (logs / "loud_stdout.txt").read_text())
        (logs / "loud_stderr.txt").rename(logs / "moved.txt")
        (app / "spin.toml").write_text(MANIFEST.replace("calm", "new"))
        before = server.workers()
        os.kill(server.pid, 1)
        assert wait_for(lambda: "Reloaded 'logs'" in server.log())
        assert wait_for(lambda: not set(before) & set(server.workers()))
        get(server.port, "/loud/2")
        get(server.port, "/new/1")
    assert lines(logs / "loud_stdout.txt") == ["out /loud/1", "out /loud/2"]
    assert lines(logs / "moved.txt") == ["err /loud/1"]
    assert lines(logs / "loud_stderr.txt") == ["err /loud/2"]  # opened again: logs can be moved away
    assert lines(logs / "new_stdout.txt") == ["out /new/1"]


def test_a_stopped_terminal_does_not_stop_the_files(app, cache, tmp_path):
    class Stopped(runner.Swell):
        def log(self):
            return ""

    fifo = tmp_path / "stderr"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # nobody reads it
    server = Stopped("-f", str(app), cache=cache, log=fifo)
    try:
        server.await_ready()
        count = 6000  # of 100 bytes: more than pipe and queue hold
        with Connection(server.port) as connection:
            for number in range(count):
                assert connection.request("/loud/" + f"{number}".zfill(90)).status == 200
        out = app / ".spin/logs/loud_stdout.txt"
        assert wait_for(lambda: len(lines(out)) == count), len(lines(out))
    finally:
        server.kill()
        os.close(reader)


def test_a_disk_that_is_full_is_told_and_stops_nobody(start, app, tmp_path):
    with start(["-f", str(app), "--access-log", "/dev/full"]) as server:
        server.expect_log(r"WARN worker trigger: log\.file what is to be written to a log file is lost: No space left on device")
        for number in range(50):
            assert get(server.port, f"/loud/{number}").status == 200
    assert len(lines(app / ".spin/logs/loud_stdout.txt")) == 50


def refused(args, app, cache, env=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_"))}
    environment.update(XDG_CACHE_HOME=str(cache), **(env or {}))
    run = subprocess.run([str(runner.program()), "up", "-f", str(app), "--listen", "127.0.0.1:0", *args], env=environment,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=READY_SECONDS, cwd=app)
    return run.returncode, run.stderr


@pytest.mark.parametrize("args, message", [
    (["--follow", "nobody"], "error: --follow: the application has no component 'nobody'\nhint: "),
    (["--log-dir", "file"], "error: the log folder '{app}/file': "),
    (["--log-dir", "file/below"], "error: the log folder '{app}/file/below': "),
    (["--access-log", "no/folder"], "open the log file '{app}/no/folder': No such file or directory"),
    (["--access-log-format", "xml", "--access-log", "-"], "error: --access-log-format: expected 'combined', 'common' or 'json', got 'xml'"),
    (["--log-format", "xml"], "error: --log-format: expected 'text' or 'json', got 'xml'"),
    (["--http1-max-buf-size", "8191"], "error: --http1-max-buf-size: expected a size from 8KiB to 1MiB, got '8191'"),
    (["--format", "xml"], "error: --format: expected 'plain' or 'json', got 'xml'"),
])
def test_what_cannot_be_is_refused_at_the_start(app, cache, args, message):
    (app / "file").write_text("")
    code, err = refused(args, app, cache)
    assert code in (1, 2)
    assert message.format(app=app) in err


def test_levels_that_are_none_are_refused(app, cache):
    code, err = refused([], app, cache, env={"SWELL_LOG": "loud"})
    assert code == 2
    assert err.startswith("error: SWELL_LOG: expected levels, as in 'info' or 'warn,trigger=debug', got 'loud'\nhint: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_has_no_files(start, app):
    app.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with start(["-f", str(app)]) as server:
            server.allow_log("warning: no log files: ")
            assert get(server.port, "/loud/1").status == 200
        assert wait_for(lambda: f"warning: no log files: the log folder '{app}/.spin/logs': Permission denied\nhint: --log-dir" in server.log())
    finally:
        app.chmod(0o755)


# ---- the access log ----

WHEN = r"\[\d\d/[A-Z][a-z]{2}/20\d\d:\d\d:\d\d:\d\d \+0000\]"


def test_each_request_is_a_line_of_the_access_log(start, app):
    with start(["-f", str(app), "--access-log", "access.log"], cwd=app, workers=2) as server:
        with Connection(server.port) as connection:
            connection.request("/loud/a?b=c", "GET", [("user-agent", 'a "b"'), ("referer", "http://x/")])
            connection.request("/fixed")
            connection.request("/none")
            connection.request("/.well-known/spin/health")
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")
    patterns = [
        rf'127\.0\.0\.1 - - {WHEN} "GET /loud/a\?b=c HTTP/1\.1" 200 8 "http://x/" "a \\"b\\"" \d+\.\d{{3}} loud',
        rf'127\.0\.0\.1 - - {WHEN} "GET /fixed HTTP/1\.1" 200 5 "-" "-" \d+\.\d{{3}} front',
        rf'127\.0\.0\.1 - - {WHEN} "GET /none HTTP/1\.1" 404 0 "-" "-" \d+\.\d{{3}} -',
        rf'127\.0\.0\.1 - - {WHEN} "GET /\.well-known/spin/health HTTP/1\.1" 200 2 "-" "-" \d+\.\d{{3}} -',
        rf'127\.0\.0\.1 - - {WHEN} "-" 400 \d+ "-" "-" 0\.000 -',
    ]
    found = lines(app / "access.log")
    assert len(found) == len(patterns), found
    for pattern in patterns:
        assert any(re.fullmatch(pattern, line) for line in found), (pattern, found)


def test_the_access_log_can_go_to_stdout_as_json(start, app):
    with start(["-f", str(app), "--access-log", "-", "--access-log-format", "json"]) as server:
        get(server.port, "/loud/\"x?b=c")
        server.process.send_signal(15)
        output = server.process.stdout.read().decode()
        server.process.wait(runner.STOP_SECONDS)
    entry = json.loads(output)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("time"))
    assert re.fullmatch(r"127\.0\.0\.1:\d+", entry.pop("client"))
    assert entry.pop("ms") >= 0
    assert entry == {"method": "GET", "target": "/loud/\"x?b=c", "protocol": "HTTP/1.1", "host": entry["host"], "status": 200,
                     "bytes": 8, "component": "loud"}


def test_without_the_option_there_is_no_access_log(start, app):
    with start(["-f", str(app)], cwd=app) as server:
        get(server.port, "/loud/1")
    assert sorted(path.name for path in app.iterdir()) == [".spin", "logs.wasm", "spin.toml"]


# ---- Swell's own log ----

def test_the_log_can_be_json_and_levels_chosen_by_room(start, app):
    env = {"SWELL_LOG": "error,trigger=debug"}
    with start(["-f", str(app), "--log-format", "json"], env=env) as server:
        get(server.port, "/loud/1")
    records = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    assert any(record["event"] == "engine.counters" and record["process"] == "worker" for record in records)
    assert {(record["level"], record["room"]) for record in records} == {("debug", "trigger")}
    assert all(set(record) == {"time", "level", "process", "room", "event", "text"} for record in records)


# ---- the start-up output and the port ----

def test_routes_can_be_printed_as_json(app, cache):
    process = subprocess.Popen([str(runner.program()), "up", "-f", str(app), "--listen", "127.0.0.1:0", "--format", "json"],
                               env={**os.environ, "XDG_CACHE_HOME": str(cache)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line
            text += line
        port = int(re.search(r":(\d+)\"", text)[1])
        assert json.loads(text) == {
            "base_url": f"http://127.0.0.1:{port}",
            "routes": [{"id": "loud", "route": "/loud", "wildcard": True}, {"id": "calm", "route": "/calm", "wildcard": True},
                       {"id": "front", "route": "/fixed", "wildcard": False}]}
        assert get(port, "/fixed").text == "fixed"
    finally:
        process.terminate()
        assert process.wait(runner.STOP_SECONDS) == 0
        process.stdout.close()


def test_a_port_in_use_gives_way_when_that_was_asked_for(app, cache):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        process = subprocess.Popen([str(runner.program()), "up", "-f", str(app), "--listen", f"127.0.0.1:{port}", "--find-free-port"],
                                   env={**os.environ, "XDG_CACHE_HOME": str(cache)}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout.readline() == "\n"
            other = int(re.fullmatch(r"Serving http://127\.0\.0\.1:(\d+)\n", process.stdout.readline())[1])
            assert port < other < port + 10
            assert get(other, "/fixed").text == "fixed"
        finally:
            process.terminate()
            process.wait(runner.STOP_SECONDS)
            process.stdout.close()


# ---- limits of connections ----

def ask_raw(port, data, seconds=20):
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(data)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


@pytest.fixture(scope="module")
def tight(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tight")
    shutil.copy(guests.build("logs"), folder / "logs.wasm")
    (folder / "spin.toml").write_text(MANIFEST)
    args = ["--http1-max-buf-size", "40KiB", "--http-max-fields", "5", "--http-head-timeout", "300ms", "--http-idle-timeout", "300ms",
            "--max-connections", "2"]
    with runner.Swell("-f", str(folder), *args, cache=cache, log=tmp_path_factory.mktemp("log") / "tight.log") as server:
        yield server


def test_a_larger_head_can_be_allowed(tight):
    head = b"GET /fixed HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: " + b"y" * 30000 + b"\r\n\r\n"
    assert ask_raw(tight.port, head).startswith(b"HTTP/1.1 200 ")
    assert ask_raw(tight.port, b"GET /fixed HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 41000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
    target = b"GET /loud/" + b"t" * 12000 + b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    assert ask_raw(tight.port, target).startswith(b"HTTP/1.1 200 ")  # half of the head


def test_fields_can_be_counted(tight):
    head = b"GET /fixed HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" + b"x: y\r\n" * 3
    assert ask_raw(tight.port, head + b"\r\n").startswith(b"HTTP/1.1 200 ")
    assert ask_raw(tight.port, head + b"x: y\r\n\r\n").startswith(b"HTTP/1.1 431 ")


def test_a_slow_head_and_an_idle_connection_end(tight):
    assert ask_raw(tight.port, b"GET /fixed HTTP/1.1\r\nhost").startswith(b"HTTP/1.1 408 ")
    assert ask_raw(tight.port, b"GET /fixed HTTP/1.1\r\nhost: a\r\n\r\n").endswith(b"fixed")


def test_connections_are_counted(tight):
    with socket.create_connection(("127.0.0.1", tight.port)), socket.create_connection(("127.0.0.1", tight.port)):
        assert get(tight.port, "/fixed").text == "fixed"  # waits until one of them was idle for too long
