"""`swell run`: arguments, environment, streams, exit codes, folders, limits, with a C program for WASI 0.1."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

import guests
import swell as runner


def run(*args, options=(), **how):
    """Returns (exit code, stdout, stderr)."""
    how = {"stdin": subprocess.DEVNULL, **({} if "input" not in how else {"stdin": None}), **how}
    done = subprocess.run([str(runner.program()), "run", *map(str, options), str(guests.build("run")), *args],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **how)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_everything_behind_the_file_is_the_commands():
    assert run("args", "--env", "-h", "--", "", "a b", "\u00fc") == (0, "[--env][-h][--][][a b][\u00fc]", "")


def test_environment_is_what_was_said(monkeypatch):
    monkeypatch.setenv("MINE", "from here")
    assert run("env") == (0, "", "")
    assert run("env", options=["--env", "A=1=2", "--env", "MINE", "--env", "A=3"]) == (0, "A=3\nMINE=from here\n", "")


@pytest.mark.parametrize("options, message", [
    (["--env", "NOT_SET_ANYWHERE"], "--env: 'NOT_SET_ANYWHERE' is not set here"),
    (["--env", "=1"], "--env: expected NAME=VALUE or NAME, got '=1'"),
    (["--dir", "/no/such"], "--dir: open '/no/such'"),
    (["--dir", "/::/::rw"], "--dir: expected HOST, HOST::GUEST or HOST::GUEST::ro, got '/::/::rw'"),
    (["--dir", "/etc/passwd"], "--dir: expected a folder, got the file '/etc/passwd'"),
    (["--time-limit", "5"], "--time-limit: expected a time"),
    (["--memory-limit", "1B"], "--memory-limit: expected a size from 64KiB"),
])
def test_options_that_cannot_be_are_explained(options, message):
    code, out, error = run(options=options)
    assert (code, out) == (2, "") and message in error


@pytest.mark.parametrize("args, options, code, message", [
    (["exit", "0"], [], 0, ""),
    (["exit", "7"], [], 7, ""),
    (["exit", "255"], [], 255, ""),
    (["trap"], [], 134, "trap: the guest executed 'unreachable'"),
    (["loop"], ["--time-limit", "200ms"], 124, "it ran longer than its time limit of 200 ms"),
    (["sleep"], ["--time-limit", "200ms"], 124, "it ran longer than its time limit of 200 ms"),
    (["grow", "10"], [], 0, ""),
    (["grow", "10"], ["--memory-limit", "8MiB"], 1, ""),
])
def test_how_it_ends_is_the_exit_code(args, options, code, message):
    status, out, error = run(*args, options=options)
    assert (status, out) == (code, "")
    assert message in error if message else error == ""


def test_streams_carry_bytes_as_they_are(tmp_path):
    text = "line\n" * 100_000 + "\0 no line end"
    assert run("cat", input=text.encode()) == (0, text, "")
    (tmp_path / "in").write_text(text)
    with open(tmp_path / "in", "rb") as file:
        assert run("cat", stdin=file) == (0, text, "")
    assert run("err") == (0, "", "no line end")
    assert run("cat") == (0, "", "")


def test_output_is_there_before_the_command_ends():
    child = subprocess.Popen([str(runner.program()), "run", str(guests.build("run")), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for word in (b"one", b"two"):
        child.stdin.write(word)
        child.stdin.flush()
        assert os.read(child.stdout.fileno(), 100) == word
    child.stdin.close()
    assert child.wait(60) == 0


def test_a_slow_reader_gets_everything_and_one_that_left_is_told():
    command = [str(runner.program()), "run", str(guests.build("run")), "flood"]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    time.sleep(0.5)
    assert child.communicate(timeout=60)[0] == b"x" * 2_000_000 and child.returncode == 0
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    child.stdout.read(10)
    child.stdout.close()
    assert child.wait(60) == 32


def test_folders_are_found_by_the_guests_name(tmp_path):
    (tmp_path / "a").write_text("content")
    named = ["--dir", f"{tmp_path}::/data"]
    assert run("file", "/data/a", options=named) == (0, "content", "")
    assert run("file", "/data/b", "new", options=named) == (0, "", "") and (tmp_path / "b").read_text() == "new"
    assert run("file", str(tmp_path / "a"), options=["--dir", tmp_path]) == (0, "content", "")
    code, out, error = run("file", "/data/c", "new", options=["--dir", f"{tmp_path}::/data::ro"])
    assert (code, out) == (1, "") and "Read-only" in error and not (tmp_path / "c").exists()
    assert run("file", "/data/a")[0] == 1
    assert run("file", "/data/../../etc/passwd", options=named)[0] == 1


def test_a_terminal_is_one():
    assert run("tty") == (0, "000", "")
    parent, child = pty.openpty()
    done = subprocess.run([str(runner.program()), "run", str(guests.build("run")), "tty"], stdin=child, stdout=child, stderr=child, timeout=120)
    assert (done.returncode, os.read(parent, 100)) == (0, b"111")
    os.close(parent)
    os.close(child)


def test_an_interrupt_ends_both_processes():
    child = subprocess.Popen([str(runner.program()), "run", str(guests.build("run")), "sleep"], start_new_session=True,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    guest = []
    while not guest and time.monotonic() < deadline:
        guest = [pid for pid in runner.children(child.pid) if "internal-run" in runner.command_line(pid)]
        time.sleep(0.02)
    assert guest
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(60) == -signal.SIGINT
    assert child.stdout.read() == b""  # the end of it: nobody holds the other side


# Makes a channel, and is gone before the program that gets the other end of it begins.
GONE = """
import os, socket, sys, time
own, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
maker = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == maker:
    time.sleep(0.001)
os.set_inheritable(os.dup(own.fileno()), True)  # else the end of the channel would end it
if given.fileno() != 3:
    os.dup2(given.fileno(), 3)
os.set_inheritable(3, True)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("command, args", [
    ("run", ["internal-run", "x.wasm", "x.wasm"]),
    ("invoke", ["internal-invoke", "--component", "x.wasm", "--call", "f()"]),
])
def test_a_guest_does_not_begin_when_who_started_it_has_ended_already(command, args):
    done = subprocess.run([sys.executable, "-c", GONE, str(runner.program()), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    assert done.stdout.decode() == f"error: 'swell {command}' has ended\n"


@pytest.mark.parametrize("args", [["internal-check", "--component", "x.wasm"], ["internal-compile", "--offset", "0", "--bytes", "8"]])
def test_a_compiler_does_not_begin_when_who_started_it_has_ended_already(args, tmp_path):
    """The id of another process stands for that: this one is the parent."""
    with open(tmp_path / "file", "w+b") as file:
        def place():
            for number in (3, 4, 5):
                os.dup2(file.fileno(), number)

        done = subprocess.run([str(runner.program()), *args, "--parent", str(os.getpid() + 1)], preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)
    assert (done.returncode, done.stderr.decode()) == (1, "the supervisor has ended")
