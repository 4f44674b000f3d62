"""What guests print: a stderr that nobody reads stops nobody; what was lost is told; an orderly end loses nothing."""

import os
import re
import signal
import socket
import threading
import time

import pytest

import guests
import swell as runner
from client import get

READ_SECONDS = 60


class Piped(runner.Swell):
    """stderr is a pipe: nobody reads it until read_on."""

    def __init__(self, *args, log, **options):
        os.mkfifo(log)
        self.reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)  # so that the other end can be opened
        self.read = b""
        self.ends = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        super().__init__(*args, log=log, **options)

    def run(self):
        while True:
            ends = self.ends  # before the read: what was written until then is read
            try:
                part = os.read(self.reader, 65536)
            except BlockingIOError:
                part = b""
            self.read += part
            if not part:
                if ends:
                    return
                time.sleep(0.01)

    def read_on(self):
        self.thread.start()

    def log(self):
        return self.read.decode(errors="replace")

    def stop(self, *args):
        try:
            return super().stop(*args)
        finally:
            self.end_reading()

    def end_reading(self):
        """Whatever happened: a thread that goes on would read what the next test has under the same number."""
        self.ends = True
        if self.thread.is_alive():
            self.thread.join()


@pytest.fixture
def server(tmp_path, cache):
    text = 'spin_manifest_version = 2\n\n[application]\nname = "output"\n'
    for name, guest in (("zoo", "zoo"), ("neighbour", "limits")):
        text += f'\n[[trigger.http]]\nroute = "/{name}/..."\ncomponent = "{name}"\n\n[component.{name}]\nsource = "{guests.build(guest)}"\n'
    text += '\n[component.zoo.tool.swell.limits]\ncpu_time = "2s"\ntime = "60s"\n'
    (tmp_path / "spin.toml").write_text(text)
    server = Piped("-f", str(tmp_path / "spin.toml"), cache=cache, log=tmp_path / "stderr", workers=1)
    yield server
    server.kill()
    server.end_reading()
    os.close(server.reader)


def wait_for(check):
    end = time.monotonic() + READ_SECONDS
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def test_a_stderr_that_nobody_reads_stops_nobody(server):
    with server:
        workers = server.workers()
        server.allow_log(r"trigger: limit\.cpu_time component=zoo|guest\.")
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"GET /zoo/print_for_ever HTTP/1.1\r\nhost: a\r\n\r\n")
            for _ in range(3):  # a megabyte each: more than pipe and queue hold
                assert get(server.port, "/zoo/print_without_line_end").status == 200
            for _ in range(30):
                assert get(server.port, "/neighbour/").status == 200
            assert server.workers() == workers
            assert server.read == b""
            server.read_on()
            assert wait_for(lambda: re.search(r"^\d+ lines of component zoo were dropped$", server.log(), re.M)), server.log()[-2000:]
            assert b"504" in connection.recv(4096)  # its time is over some day
        assert get(server.port, "/neighbour/").status == 200
        assert server.workers() == workers


def test_a_log_that_nobody_reads_stops_nobody(server):
    """Records of workers and of the supervisor: requests are answered, a worker that dies is replaced, what was lost is told."""
    with server:
        server.allow_log(r"guest\.|worker\.ended")
        for _ in range(3):
            assert get(server.port, "/zoo/print_without_line_end").status == 200  # the pipe is full
        for _ in range(50):  # a record each; the queue is full of lines
            assert get(server.port, "/zoo/unreachable").status == 500
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        assert wait_for(lambda: server.workers() not in ([], before))
        for _ in range(1000):  # the new worker's queue is empty: more than it holds
            assert get(server.port, "/zoo/unreachable").status == 500
        assert get(server.port, "/neighbour/").status == 200
        assert server.read == b""
        server.read_on()
        assert wait_for(lambda: re.search(r"^\d+ log records were dropped$", server.log(), re.M)), server.log()[-2000:]
        assert wait_for(lambda: "worker.ended" in server.log())
        assert get(server.port, "/neighbour/").status == 200


def test_a_supervisor_whose_stderr_nobody_reads_reloads_restarts_and_ends(server):
    """What it prints itself, not as records: that it reloaded, what a reload reads."""
    with server:
        server.allow_log(r"guest\.|worker\.ended")
        for _ in range(3):
            assert get(server.port, "/zoo/print_without_line_end").status == 200  # the pipe is full
        for _ in range(2):  # the first message may still find room in what the writer holds
            before = server.workers()
            os.kill(server.pid, signal.SIGHUP)
            assert wait_for(lambda: server.workers() and not set(server.workers()) & set(before))
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        assert wait_for(lambda: server.workers() not in ([], before))
        assert get(server.port, "/neighbour/").status == 200
        assert server.read == b""
        assert runner.Swell.stop(server) == 0  # still nobody reads
        server.read_on()
        server.end_reading()


def test_what_was_printed_before_an_orderly_end_is_written(server):
    with server:
        server.read_on()
        for _ in range(20):
            assert get(server.port, "/zoo/print_terminal_codes").status == 200
    assert server.log().count("guest says hello") == 20
    assert "\033" not in server.log()
