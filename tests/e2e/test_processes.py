"""The supervisor and its workers: ends, drains, replacements."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import swell as runner
from client import Connection, Cut, get


def gone(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def await_true(check, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_process_with_0(start, signum):
    with start("c", workers=2) as server:
        workers = server.workers()
        assert len(workers) == 2
        assert get(server.port).status == 200
        assert server.stop(signum) == 0
        assert all(gone(pid) for pid in workers)


def test_sigterm_loses_no_request_that_was_accepted(start):
    """A request whose body is half there when SIGTERM comes is answered whole; new connections are refused."""
    with start("c") as server, Connection(server.port) as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello")
        while b"hello" not in connection.buffer:
            assert connection.more()
        ended = []
        waiter = threading.Thread(target=lambda: ended.append(server.stop()))
        waiter.start()
        time.sleep(0.5)
        assert not ended
        with pytest.raises((ConnectionError, Cut)), Connection(server.port, timeout=2) as late:
            late.request("/")
        connection.send(b"world")
        response = connection.response()
        assert response.complete and response.body == b"helloworld"
        waiter.join(10)
        assert ended == [0]


def test_an_idle_connection_does_not_hold_the_end_up(start):
    with start("c") as server, Connection(server.port) as connection:
        assert connection.request("/").status == 200
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 5


def test_a_worker_that_is_killed_is_replaced(start):
    with start("c", workers=2) as server:
        server.expect_log(r"worker")
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        assert await_true(lambda: len(server.workers()) == 2 and server.workers() != before)
        assert before[1] in server.workers()
        for _ in range(50):
            assert get(server.port).status == 200


def test_the_server_answers_while_a_worker_is_replaced(start):
    """The other worker takes the connections: only those of the dead one may be cut."""
    with start("c", workers=2) as server:
        server.expect_log(r"worker")
        os.kill(server.workers()[0], signal.SIGKILL)
        for _ in range(100):
            assert get(server.port).status == 200
        assert await_true(lambda: "worker" in server.log())  # the supervisor may say it after the answers


def test_workers_end_when_the_supervisor_is_killed(start):
    server = start("c", workers=2)
    server.__enter__()
    workers = server.workers()
    server.process.kill()
    assert await_true(lambda: all(gone(pid) for pid in workers))


def test_workers_hold_no_more_than_they_need(start):
    """No process has the other's pipes, and none the test's own descriptors."""
    with start("c") as server:
        get(server.port)
        for pid in server.workers():
            writable_cache = [link for link in runner.descriptors(pid).values() if link.endswith((".cwasm", ".img"))
                              and os.path.exists(link) and os.stat(link).st_mode & 0o222]
            assert not writable_cache


def replace(path, content):
    """As an installer does it: the new file gets the old one's name."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.chmod(0o755)
    new.rename(path)


def test_a_program_that_was_replaced_goes_on_with_what_it_was(start, tmp_path, monkeypatch):
    """Workers and compilers are started from the supervisor's own file, whatever has its name by then."""
    program = tmp_path / "swell"
    shutil.copy2(runner.program(), program)
    monkeypatch.setenv("SWELL_BIN", str(program))
    with start("c", cache=tmp_path / "cache") as server:
        server.expect_log(r"worker 0 .* was ended by signal 9")
        before = server.workers()
        replace(program, b"#!/bin/false\n")
        os.kill(before[0], signal.SIGKILL)
        assert await_true(lambda: server.workers() not in (before, []))
        assert get(server.port).status == 200
        shutil.rmtree(tmp_path / "cache/swell/aot")  # so that a reload compiles again
        (tmp_path / "cache/swell/aot").mkdir(0o700)
        server.process.send_signal(signal.SIGHUP)
        assert await_true(lambda: "Reloaded" in server.log(), 60), server.log()
        assert get(server.port).status == 200


def test_a_library_that_was_replaced_is_refused(start, tmp_path):
    """A worker must not run with another libwasmtime than its supervisor: it says so, and the others go on."""
    found = re.search(r"libwasmtime\.so => (\S+)", subprocess.run(["ldd", runner.program()], capture_output=True, text=True).stdout)
    if not found:
        pytest.skip("libwasmtime is part of the program")
    original = Path(found[1]).read_bytes()
    notes = subprocess.run(["readelf", "-n", found[1]], capture_output=True, text=True).stdout
    build_id = bytes.fromhex(re.search(r"Build ID: ([0-9a-f]+)", notes)[1])
    assert original.count(build_id) == 1
    library = tmp_path / "lib/libwasmtime.so"
    library.parent.mkdir()
    library.write_bytes(original)
    with start("c", workers=2, env={"LD_LIBRARY_PATH": str(library.parent)}) as server:
        server.expect_log(r"libwasmtime was replaced while Swell ran: the supervisor has build "
                          f"{build_id.hex()[:16]}, this process would have build ffff")
        server.expect_log(r"worker 0 .* was ended by signal 9")
        replace(library, original.replace(build_id, b"\xff\xff" + build_id[2:]))
        os.kill(server.workers()[0], signal.SIGKILL)
        assert await_true(lambda: "libwasmtime was replaced" in server.log())
        for _ in range(10):
            assert get(server.port).status == 200
