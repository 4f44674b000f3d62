"""The supervisor and its workers: ends, drains, replacements."""

import os
import signal
import threading
import time

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
