"""No request sees what another left in memory, however that one ended, with either way to reset it.

canary.c asks and checks; canary guests leave a secret behind (answered, trapped, cancelled, timed out, grown ...) or hunt for it; the
server reloads meanwhile. SWELL_CANARY_REQUESTS is the number for each way: 500000 is what a release is held to (a million in all)."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest

import guests
import swell as runner
from client import Connection, Cut, get

REQUESTS = int(os.environ.get("SWELL_CANARY_REQUESTS", "50000"))
RELOAD_SECONDS = 3
# Short limits, so that many requests end by them; far above what the others need. `brief` is cancelled while it runs.
LIMITS = {"canary": 'time = "1s"\ncpu_time = "10ms"\nmemory = "4MiB"', "brief": 'time = "60ms"\nmemory = "4MiB"'}
NOISE = r"guest\.trap|limit\.(cpu_time|time|memory) |response\.cut|response\.none|reload"


def client():
    build = runner.program().parents[2]
    program = build / "tests/e2e/canary"
    assert program.exists(), f"there is no {program}; run make first"
    return program


def write_manifest(folder):
    wasm = guests.build("canary")
    text = 'spin_manifest_version = 2\n[application]\nname = "canary"\n'
    for name, route in (("canary", "/..."), ("brief", "/brief/...")):
        text += f'[[trigger.http]]\nroute = "{route}"\ncomponent = "{name}"\n[component.{name}]\nsource = "{wasm}"\n'
        text += f"[component.{name}.tool.swell.limits]\n{LIMITS[name]}\n"
    (folder / "spin.toml").write_text(text)
    return folder


def run(server, requests, reload_seconds=0):
    """The client's result, once it has ended; reloads meanwhile."""
    process = subprocess.Popen([str(client()), "--requests", str(requests), str(server.port)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    reloads = 0
    while True:
        try:
            out, err = process.communicate(timeout=reload_seconds or None)
            break
        except subprocess.TimeoutExpired:
            server.process.send_signal(signal.SIGHUP)
            reloads += 1
    assert out, err
    return {**json.loads(out), "reloads": reloads, "code": process.returncode, "err": err}


@pytest.mark.parametrize("reset", ["scan", "pagemap"])
def test_nothing_is_found(start, tmp_path, reset):
    with start(["-f", str(write_manifest(tmp_path))], env={"SWELL_RESET": reset}) as server:
        server.allow_log(NOISE)
        result = run(server, REQUESTS, RELOAD_SECONDS)
        print(f"canary: {reset}: {json.dumps(result)}")
        assert result["code"] == 0 and not result["found"] and not result["wrong"], result
        kinds = result["kinds"]
        assert kinds["hunt"] > 0.4 * REQUESTS
        assert all(kinds.values()), f"a kind of request never ended as it should: {kinds}"


def test_without_a_reset_it_is_found(start, tmp_path):
    """The test can fail: a worker that resets nothing is caught at once."""
    with start(["-f", str(write_manifest(tmp_path))], env={"SWELL_FAULT": "worker:engine.skip:100"}) as server:
        server.allow_log(NOISE)
        server.expect_log("fault point=engine.skip")
        result = run(server, 5000)
        assert result["code"] == 1 and result["found"] > 100, result


# ---- each way to end leaves the secret, and the hunter sees it when it is not taken away ----


def reset_connection(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def leave(port, end, resets=None, method="GET", body=b"", route=""):
    """Has one request end its way; resets: when the answer has "begun", or after so many seconds."""
    length = "content-length: 1000\r\n" if body else ""
    with Connection(port) as connection:
        connection.send(f"{method} {route}/leave/{end}/3 HTTP/1.1\r\nhost: a\r\n{length}\r\n".encode() + body)
        if resets == "begun":
            connection.until(b"written\n")
            reset_connection(connection)
        elif resets:
            time.sleep(resets)
            reset_connection(connection)
        else:
            with contextlib.suppress(Cut):
                connection.response()


WAYS = {
    "normal": {"end": "end"}, "trap": {"end": "trap"}, "exit": {"end": "exit"}, "overflow": {"end": "deep"},
    "all-memory": {"end": "flood"}, "trap-in-answer": {"end": "half-trap"},
    "cpu-time": {"end": "spin"}, "cpu-time-in-answer": {"end": "half-spin"},
    "time-parked": {"end": "park"}, "time-in-answer": {"end": "half-park"}, "time-running": {"end": "spin", "route": "/brief"},
    "reset-parked": {"end": "half-park", "resets": "begun"}, "reset-running": {"end": "half-spin", "resets": "begun"},
    "reset-waiting": {"end": "park", "resets": 0.2},
    "reset-reading": {"end": "read", "method": "POST", "body": b"a part", "resets": 0.2},
}


@pytest.mark.parametrize("way", list(WAYS))
def test_each_end_leaves_what_the_reset_takes(start, tmp_path, way):
    manifest = write_manifest(tmp_path)
    hunt = WAYS[way].get("route", "") + "/hunt/4"
    with start(["-f", str(manifest)], env={"SWELL_FAULT": "worker:engine.skip:1"}) as server:
        server.allow_log(NOISE)
        server.expect_log("fault point=engine.skip")
        leave(server.port, **WAYS[way])
        end = time.monotonic() + 10
        while "engine.skip" not in server.log():  # the request has ended
            assert time.monotonic() < end, server.log()
            time.sleep(0.01)
        response = get(server.port, hunt)
        assert (response.status, response.text) == (500, "found the secret in memory\n")
    with start(["-f", str(manifest)]) as server:
        server.allow_log(NOISE)
        leave(server.port, **WAYS[way])
        for _ in range(3):
            response = get(server.port, hunt)
            assert (response.status, response.text) == (200, "clean\n")
