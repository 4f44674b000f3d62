"""Under load: workers that are killed, hang or crash; reloads; the end. What fails is counted, and most of the time nothing may.

SWELL_KILL_SECONDS=60 and SWELL_RELOADS=100 raise the everyday numbers to what a release is held to."""

import fcntl
import json
import mmap
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import termios
import threading
import time
from pathlib import Path

import pytest

import guests
import swell as runner
from client import Connection, Cut, get
from test_processes import await_true, gone
from test_sandbox import built_with_sandbox

KILL_SECONDS = int(os.environ.get("SWELL_KILL_SECONDS", "10"))
RELOADS = int(os.environ.get("SWELL_RELOADS", "20"))
CONNECTIONS = 16
LIVE_SECONDS = 30


class Load:
    """The load generator in the background; result() waits for its end."""

    def __init__(self, port, path="/", connections=CONNECTIONS, seconds=600):
        program = runner.program().parents[2] / "bench/load"
        if not program.exists():
            program = runner.ROOT / "build/dev/bench/load"
        if not program.exists():
            pytest.skip(f"there is no load generator {program}")
        self.process = subprocess.Popen([str(program), "--connections", str(connections), "--seconds", str(seconds),
                                         "--path", path, f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)

    def result(self):
        out, _ = self.process.communicate(timeout=120)
        return json.loads(out)


class App:
    """A folder with a manifest that tests change; each revision has a route that tells it."""

    def __init__(self, folder):
        self.folder = folder
        self.wasm = guests.build("c")
        self.env = {"XDG_RUNTIME_DIR": str(folder / "run")}
        self.server = None
        self.write(0)

    def write(self, revision, source=None):
        routes = "".join(f'[[trigger.http]]\nroute = "{route}"\ncomponent = "hello"\n' for route in ("/", "/echo", f"/status/{200 + revision}"))
        (self.folder / "spin.toml").write_text(
            f'spin_manifest_version = 2\n[application]\nname = "reloaded"\n{routes}'
            f'[component.hello]\nsource = "{source or self.wasm}"\n')

    def reload(self, *args, code=0):
        """Runs `swell reload`; returns its output."""
        names = {**os.environ, "HOME": str(self.folder), **self.env}
        args = args or ("--listen", f"127.0.0.1:{self.server.port}")
        run = subprocess.run([str(runner.program()), "reload", *args], env=names, capture_output=True, text=True, timeout=120)
        assert run.returncode == code, f"{run.stdout}{run.stderr}\n{self.server.log()}"
        return run.stdout + run.stderr

    def serves(self, revision):
        status = get(self.server.port, f"/status/{200 + revision}").status
        assert status in (200 + revision, 404)
        return status != 404


@pytest.fixture
def app(tmp_path, start):
    app = App(tmp_path)

    def serve(**options):
        app.server = start(["-f", str(tmp_path)], env=app.env, **options)
        return app.server

    app.start = serve
    return app


def settled(server, old):
    """Waits until the workers before are gone."""
    assert await_true(lambda: all(gone(pid) for pid in old), LIVE_SECONDS), server.log()


# ---- reload ----


def test_a_signal_ends_a_reload_that_downloads(app):
    """Nobody is served by a download that goes on and on when the application is to end."""
    with socket.create_server(("127.0.0.1", 0)) as web, app.start(workers=1) as server:
        url = f"http://127.0.0.1:{web.getsockname()[1]}/never.wasm"
        manifest = app.folder / "spin.toml"
        manifest.write_text(manifest.read_text().replace(f'"{app.wasm}"', f'{{ url = "{url}", digest = "sha256:{"0" * 64}" }}'))
        server.process.send_signal(signal.SIGHUP)
        client, _ = web.accept()
        with client:
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            over = threading.Event()

            def drip():  # so that it does not stall
                while not over.wait(0.2):
                    client.sendall(b"x")

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                server.allow_log(r"reload\.failed")
                assert server.stop() == 0
            finally:
                over.set()
                dripping.join()
        assert f"download '{url}': " in server.log()


def test_a_reload_swaps_the_application(app):
    with app.start(workers=2) as server:
        old = server.workers()
        assert app.serves(0) and not app.serves(1)
        app.write(1)
        assert not app.serves(1)
        assert "Reloaded" in app.reload()
        assert app.serves(1) and not app.serves(0)
        settled(server, old)
        assert len(server.workers()) == 2


def test_a_name_cannot_steer_the_terminal(app):
    with app.start() as server:
        manifest = app.folder / "spin.toml"
        manifest.write_text(manifest.read_text().replace('name = "reloaded"', r'name = "a\u001b[31mb"'))
        app.reload()
        server.expect_log(r"^Reloaded 'a\?\[31mb'$")


def test_a_hangup_reloads_too(app):
    with app.start() as server:
        app.write(1)
        server.process.send_signal(signal.SIGHUP)
        assert await_true(lambda: app.serves(1), LIVE_SECONDS)
        app.write(2)
        for _ in range(5):  # those that come while one is under way are one more
            server.process.send_signal(signal.SIGHUP)
        assert await_true(lambda: app.serves(2), LIVE_SECONDS)


def test_reloads_under_load_fail_no_request(app):
    with app.start(workers=2) as server:
        loads = [Load(server.port, connections=8, seconds=RELOADS), Load(server.port, connections=8, seconds=RELOADS)]
        for revision in range(1, RELOADS + 1):
            app.write(revision)
            app.reload()
            assert app.serves(revision) and not app.serves(revision - 1)
        for load in loads:
            result = load.result()
            assert result["errors"] == 0 and result["requests"] > 100, result


def test_what_does_not_load_leaves_the_old_revision(app):
    with app.start(workers=2) as server:
        workers = server.workers()
        server.expect_log(r"reload\.failed")
        manifest = app.folder / "spin.toml"
        manifest.write_text("spin_manifest_version = 2\n[application\n")
        assert re.search(r"^error: .*spin\.toml:2:", app.reload(code=2), re.M)
        bad = app.folder / "bad.wasm"
        bad.write_bytes(b"no component")
        app.write(1, bad)
        assert re.search(r"^error: component 'hello': .*bad\.wasm", app.reload(code=2), re.M)
        app.write(1, app.folder / "missing.wasm")
        assert "missing.wasm" in app.reload(code=2)
        assert app.serves(0) and server.workers() == workers
        app.write(2)
        app.reload()
        assert app.serves(2)


def test_a_request_in_flight_ends_on_its_revision(app):
    with app.start() as server, Connection(server.port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello")
        while b"hello" not in connection.buffer:
            assert connection.more()
        app.write(1)
        app.reload()
        assert app.serves(1)
        connection.send(b"world")
        response = connection.response()
        assert response.body == b"helloworld" and response.complete


def test_reload_finds_the_one_that_runs_and_says_when_it_cannot(app):
    with app.start() as server:
        app.write(1)
        app.reload("--pid", str(server.pid))
        assert app.serves(1)
        assert "no application of ours listens on 127.0.0.1:1" in app.reload("--listen", "127.0.0.1:1", code=2)
        assert f"process {os.getpid()} runs no application of ours" in app.reload("--pid", str(os.getpid()), code=2)
        folder = app.folder / "run/swell"
        assert folder.stat().st_mode & 0o777 == 0o700
        (socket,) = folder.iterdir()
        assert socket.stat().st_mode & 0o777 == 0o600
        names = {"XDG_RUNTIME_DIR": app.env["XDG_RUNTIME_DIR"], "HOME": str(app.folder), "PATH": os.environ["PATH"]}
        alone = subprocess.run([str(runner.program()), "reload"], env=names, capture_output=True, text=True, timeout=60)
        assert alone.returncode == 0, alone.stderr
        assert server.stop() == 0
        assert not list(folder.iterdir())
        assert "no application of ours" in app.reload(code=2)


# ---- workers that end ----


def test_a_killed_worker_takes_only_its_own_requests_along(start):
    with start("c", workers=2) as server:
        server.expect_log(r"worker\.ended")
        load = Load(server.port, seconds=KILL_SECONDS + 2)
        time.sleep(0.5)
        kills = 0
        end = time.monotonic() + KILL_SECONDS
        while time.monotonic() < end:
            workers = server.workers()
            if workers:
                os.kill(workers[kills % len(workers)], signal.SIGKILL)
                kills += 1
            time.sleep(1)
        result = load.result()
        assert result["errors"] <= kills * CONNECTIONS, (kills, result)
        assert result["requests"] > 100 * KILL_SECONDS
        assert server.process.poll() is None
        assert await_true(lambda: len(server.workers()) == 2, LIVE_SECONDS)
        assert get(server.port).status == 200


def test_a_hung_worker_is_replaced(start):
    with start("c", workers=2) as server:
        server.expect_log(r"worker\.ended.* hung: no sign of life for 10000 ms")
        before = server.workers()
        os.kill(before[0], signal.SIGSTOP)
        begin = time.monotonic()
        assert await_true(lambda: gone(before[0]), LIVE_SECONDS)
        assert time.monotonic() - begin > 5
        assert await_true(lambda: len(server.workers()) == 2, LIVE_SECONDS)
        assert before[1] in server.workers()
        assert get(server.port).status == 200


def test_a_worker_that_computes_does_not_hang(start):
    """Longer than silence is allowed: the loop answers between a guest's slices."""
    with start("hostile") as server, Connection(server.port) as connection:
        server.allow_log(r"guest\.trap|limit\.|request\.|response\.")
        workers = server.workers()
        connection.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(13)
        assert server.workers() == workers
        assert get(server.port).status == 200
        server.process.send_signal(signal.SIGTERM)  # it has CPU time left: the second one need not wait for it


def test_a_crash_loop_backs_off(start):
    with start("c") as server:
        server.expect_log(r"worker\.ended")
        for ms in (100, 200, 400, 800):
            assert await_true(lambda: server.workers(), LIVE_SECONDS)
            (worker,) = server.workers()
            os.kill(worker, signal.SIGKILL)
            assert await_true(lambda: re.search(rf"pid.? ?{worker}\b.* is started again in {ms} ms", server.log()), LIVE_SECONDS)
        assert get(server.port).status == 200
        assert server.process.poll() is None


def test_a_crash_names_the_component_that_ran(start):
    """SIGABRT stands for a crash: a SIGSEGV sent from outside may be taken for the guest's own trap by the engine."""
    with start("hostile") as server:
        server.expect_log(r"worker\.ended.* signal 6 .* while running component '[^']+' \(call \d+\)")
        server.allow_log(r"guest\.trap|limit\.|request\.|response\.")
        (worker,) = server.workers()
        assert open(f"/proc/{worker}/comm").read() == "swell: worker 0\n"
        with Connection(server.port) as connection:
            connection.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
            time.sleep(0.5)
            os.kill(worker, signal.SIGABRT)
            assert await_true(lambda: gone(worker), LIVE_SECONDS)
        assert await_true(lambda: server.workers() not in ([], [worker]), LIVE_SECONDS)
        assert get(server.port).status == 200


def symbol(program, name):
    """Where the variable lies in the program's file: its virtual address and size."""
    table = subprocess.run(["readelf", "-sW", program], capture_output=True, text=True).stdout
    row = re.search(rf"^ *\d+: ([0-9a-f]+) +(\d+) OBJECT .* {name}$", table, re.M)
    return int(row[1], 16), int(row[2])


def read_variable(pid, name):
    """Of a running worker, as a debugger would."""
    with open(f"/proc/{pid}/maps") as maps:
        base = int(next(line for line in maps if line.rstrip().endswith(str(runner.program()))).split("-")[0], 16)
    address, size = symbol(runner.program(), name)
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        memory.seek(base + address)
        return memory.read(size).split(b"\0")[0].decode()


def test_a_worker_shows_which_component_runs(start):
    """What a debugger prints by `p swell_running_component`."""
    with start("hostile", env={"SWELL_SANDBOX": "inspect"}) as server:
        server.allow_log(r"guest\.trap|limit\.|request\.|response\.")
        (worker,) = server.workers()
        assert read_variable(worker, "swell_running_component") == "swell component ran last: (none)"
        assert get(server.port).status == 200
        assert read_variable(worker, "swell_running_component") == "swell component ran last: main"
        with Connection(server.port) as connection:
            connection.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
            assert await_true(lambda: read_variable(worker, "swell_running_component") == "swell component running:  main", LIVE_SECONDS)
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGTERM)


def test_a_core_names_the_component_that_ran(start, tmp_path):
    """SWELL_SANDBOX=inspect leaves cores; the text is found in them without a debugger."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if pattern.startswith("|") or "/" in pattern:
        pytest.skip(f"cores do not go to the working folder here (kernel.core_pattern is {pattern!r})")
    if not built_with_sandbox():
        pytest.skip("a build with sanitizers leaves no core")
    if hard == 0:
        pytest.skip("the hard limit of core files is 0 here")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        server = start("hostile", cwd=tmp_path, env={"SWELL_SANDBOX": "inspect"})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    with server:
        server.expect_log(r"worker\.ended.* signal 6 .* while running component 'main'")
        server.allow_log(r"guest\.trap|limit\.|request\.|response\.")
        (worker,) = server.workers()
        with Connection(server.port) as connection:
            connection.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
            time.sleep(0.5)
            os.kill(worker, signal.SIGABRT)
            assert await_true(lambda: gone(worker), LIVE_SECONDS)
        cores = list(tmp_path.glob("core*"))
        assert len(cores) == 1, "no core"
        with open(cores[0], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as core:
            assert core.find(b"swell component running:  main\0") >= 0
        cores[0].unlink()


# ---- the end ----


def test_sigterm_under_keep_alive_load_resets_nothing(start):
    """A request on a connection that was served before is answered, whenever it comes."""
    failures, answered, ends = [], [0], threading.Event()

    def client(port):
        while True:
            served = False
            try:
                with Connection(port, 10) as connection:
                    while True:
                        response = connection.request("/")
                        if response.status != 200 or not response.complete:
                            failures.append(response)
                        served = True
                        answered[0] += 1
                        if response.get("connection") == "close":
                            break
                        time.sleep(0.02 if answered[0] % 2 else 0)
            except (OSError, Cut) as error:
                if served or not ends.is_set():
                    failures.append(repr(error))
                return

    with start("c", workers=2) as server:
        clients = [threading.Thread(target=client, args=(server.port,)) for _ in range(8)]
        for thread in clients:
            thread.start()
        time.sleep(1)
        ends.set()
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 10
        for thread in clients:
            thread.join(15)
        assert not failures, failures[:3]
        assert answered[0] > 50


def test_a_second_signal_ends_at_once(start):
    with start("c") as server, Connection(server.port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        begin = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - begin < 2


def test_a_closed_terminal_ends_it(app, cache):
    """SIGHUP is a reload, but not when it says that the terminal is gone."""
    master, slave = pty.openpty()

    def take_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    names = {**os.environ, **app.env, "XDG_CACHE_HOME": str(cache), "HOME": str(app.folder)}
    process = subprocess.Popen([str(runner.program()), "up", "-f", str(app.folder), "--listen", "127.0.0.1:0", "--workers", "1"],
                               env=names, stdin=slave, stdout=subprocess.PIPE, stderr=slave, preexec_fn=take_terminal, pass_fds=(slave,))
    os.close(slave)
    try:
        for line in process.stdout:
            if b"hello:" in line:
                break
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert process.poll() is None
        assert b"Reloaded" in os.read(master, 65536)
        os.close(master)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
