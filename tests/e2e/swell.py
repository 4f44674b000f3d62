"""swell.py - runs the real program for a test: starts it on a free port, watches its log, descriptors and processes, ends it."""

import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120  # the first start compiles; the JavaScript guest's 12 MB take a while on a small machine
STOP_SECONDS = 45

# What a log may hold although no test named it. Everything else at warn or error level fails the test.
NEVER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|Assertion `.*failed|SIGSEGV|core dumped")


def program():
    named = os.environ.get("SWELL_BIN")
    if named:
        return Path(named)
    found = [path for path in (ROOT / "build/dev").rglob("swell") if path.is_file() and os.access(path, os.X_OK)]
    assert found, "there is no program build/dev/**/swell; run make first, or name one with SWELL_BIN"
    return found[0]


def children(pid):
    pids = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            pids += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            pass
    return pids


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def descriptors(pid):
    links = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            links[fd] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass  # closed meanwhile
    return links


def rss_bytes(pid):
    match = re.search(r"^Rss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(match[1]) << 10


class Swell:
    """A running `swell up`. Use as a context: leaving it ends the program and checks the log."""

    def __init__(self, *args, cwd=None, env=None, log=None, cache=None, workers=1, expect_exit=0):
        self.log_path = Path(log)
        self.expected = []  # patterns of log lines that have to be there
        self.allowed = [re.compile(r"sandbox\.landlock")]  # patterns of log lines that may be there; this one on old kernels
        self.expect_exit = expect_exit
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_"))}
        if os.geteuid() != 0:  # the tests look into processes that nobody but root could see
            environment["SWELL_SANDBOX"] = "inspect"
        environment.update(HOME=str(self.log_path.parent), XDG_CACHE_HOME=str(cache), **(env or {}))
        self.log_file = open(self.log_path, "wb")
        command = [str(program()), "up", *args, "--listen", "127.0.0.1:0"]
        if workers:
            command += ["--workers", str(workers)]
        self.process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log_file, start_new_session=True)
        self.output = ""
        self.port = None

    def __enter__(self):
        try:
            self.await_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def await_ready(self):
        end = time.monotonic() + START_SECONDS
        while not re.search(r"^Available Routes:\n(  .*\n)+", self.output, re.M):
            left = end - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                state = "did not get ready" if left <= 0 or self.process.poll() is None else f"ended with {self.process.wait()}"
                raise AssertionError(f"swell {state}\noutput:\n{self.output}\nlog:\n{self.log()}")
            self.output += chunk.decode()
        self.port = int(re.search(r"Serving http://127\.0\.0\.1:(\d+)", self.output)[1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def expect_log(self, pattern):
        """The log must hold this by the end, and lines with it are no failure."""
        self.expected.append(re.compile(pattern))

    def allow_log(self, pattern):
        """Lines with this are no failure."""
        self.allowed.append(re.compile(pattern))

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        return sorted(pid for pid in children(self.pid) if "internal-worker" in command_line(pid))

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"swell did not end within {STOP_SECONDS} s of signal {signum}\nlog:\n{self.log()}")

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.log_file.close()

    def check_log(self):
        lines = self.log().splitlines()
        for line in lines:
            assert not NEVER.search(line), f"the log has: {line}\n{self.log()}"
        for pattern in self.expected:
            assert any(pattern.search(line) for line in lines), f"the log has no {pattern.pattern!r}:\n{self.log()}"
        strange = [line for line in lines if re.search(r"\b(warn|error|WARN|ERROR)\b", line)
                   and not any(pattern.search(line) for pattern in self.expected + self.allowed)]
        assert not strange, "the log has what no test expected:\n" + "\n".join(strange)

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                if self.process.poll() is None:
                    code = self.stop()
                    assert code == self.expect_exit, f"swell ended with {code}, expected {self.expect_exit}\n{self.log()}"
                self.check_log()
        finally:
            self.kill()
        if kind is not None:
            print(f"---- log of swell ----\n{self.log()}")
