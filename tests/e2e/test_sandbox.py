"""Workers and compilers are sandboxed while they do their work, and say so when it ended one of them."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import guests
import swell as runner
from client import get
from test_load import PIPELINE, load


def facts(pid):
    """What /proc says of each thread: {tid: {"Seccomp": "2", ...}}; empty when the process is gone."""
    found = {}
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found[int(task.name)] = dict(re.findall(r"^(\w+):\t(.*)$", (task / "status").read_text(), re.M))
    except OSError:
        return {}
    return found


def core_limit(pid):
    line = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", Path(f"/proc/{pid}/limits").read_text(), re.M)
    return line[1], line[2]


def sandboxed(threads):
    return bool(threads) and all(one["Seccomp"] == "2" and one["NoNewPrivs"] == "1" for one in threads.values())


def compilers(pid):
    return [child for child in runner.children(pid) if "internal-compile" in runner.command_line(child)]


def built_with_sandbox():
    """A build with sanitizers or coverage has none."""
    program = runner.program().read_bytes()
    return not any(mark in program for mark in (b"__asan_init", b"__tsan_init", b"__gcov_exit"))


pytestmark = pytest.mark.skipif(not built_with_sandbox(), reason="this build runs without a sandbox")


def test_every_thread_of_a_worker_is_sandboxed(start):
    with start("c", workers=2) as server:
        for pid in server.workers():
            threads = facts(pid)
            assert len(threads) >= 2  # the loop's and the ticker's
            assert sandboxed(threads), threads
        assert facts(server.pid)[server.pid]["Seccomp"] == "0"  # the supervisor opens and starts things


def test_a_worker_holds_no_file_that_only_loading_needed(start):
    with start("rust") as server:
        get(server.port)
        for pid in server.workers():
            links = list(runner.descriptors(pid).values())
            assert not [link for link in links if link.endswith(".wasm")]
            code = [link for link in links if link.endswith(".cwasm")]
            assert len(code) == len(set(code))  # Wasmtime keeps one of each; ours beside it is closed


def test_a_compiler_is_sandboxed(tmp_path):
    """Watched while it works: a cache of its own, and the guest that compiles longest."""
    seen = []

    def watch(server):
        end = time.monotonic() + runner.START_SECONDS
        while server.port is None and time.monotonic() < end and server.process.poll() is None:
            for pid in compilers(server.pid):
                if sandboxed(facts(pid)):
                    seen.append(pid)
            time.sleep(0.002)

    server = runner.Swell("-f", str(guests.build("go")), cache=tmp_path / "cache", log=tmp_path / "swell.log")
    watcher = threading.Thread(target=watch, args=(server,))
    watcher.start()
    with server:
        watcher.join()
        assert seen
        assert get(server.port).status == 200


def test_a_worker_stays_sandboxed_under_load(start):
    with start("c", workers=2) as server:
        workers = server.workers()
        assert not load(server.port, "Hello from C on Swell\n", 20 * PIPELINE)
        assert server.workers() == workers
        assert all(sandboxed(facts(pid)) for pid in workers)


def test_the_log_says_when_the_sandbox_ended_a_worker(start):
    with start("c") as server:
        server.expect_log(r"worker 0 .*was ended by signal 31 \(it made a system call that its sandbox forbids\)")
        before = server.workers()
        os.kill(before[0], signal.SIGSYS)
        end = time.monotonic() + 10
        while time.monotonic() < end and server.workers() in (before, []):
            time.sleep(0.02)
        assert get(server.port).status == 200


def test_no_core_is_left_unless_somebody_wants_to_look(start):
    with start("c", env={"SWELL_SANDBOX": "on"}) as server:
        assert core_limit(server.workers()[0]) == ("0", "0")
    with start("c", env={"SWELL_SANDBOX": "inspect"}) as server:
        assert core_limit(server.workers()[0]) == core_limit(os.getpid())
        assert sandboxed(facts(server.workers()[0]))


def test_it_can_be_switched_off_and_the_log_says_so(start):
    with start("c", env={"SWELL_SANDBOX": "off"}) as server:
        server.expect_log(r"sandbox\.off")
        assert facts(server.workers()[0])[server.workers()[0]]["Seccomp"] == "0"
        assert get(server.port).status == 200


def test_a_word_that_is_none_of_its_words_is_refused(tmp_path):
    environment = {**os.environ, "SWELL_SANDBOX": "no", "XDG_CACHE_HOME": str(tmp_path)}
    run = subprocess.run([runner.program(), "up", "-f", guests.build("c"), "--listen", "127.0.0.1:0"],
                         env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "SWELL_SANDBOX: expected 'on', 'inspect' or 'off', got 'no'" in run.stderr
