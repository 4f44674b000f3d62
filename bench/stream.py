#!/usr/bin/python3
"""stream.py - bodies of 1 GiB through a guest, beside nginx that proxies them: bytes per second of server CPU, and memory.

    bench/stream.py [--build DIR] [--mib N] [--rounds N]

in      the client sends a body, the guest reads it         nginx proxies it to a server that reads it
out     the guest writes a body, the client reads it        nginx proxies it from a server that writes it
echo    the guest answers with what it is sent, through its memory; splice: without. nginx ends a request's body when the answer begins

Held: a guest moves at least half as much per CPU second as nginx does, and the server's memory does not grow with the body. The server that
nginx proxies to is not counted. Servers run on core 0 with one worker, clients and that server on core 1. `bench/run.py` runs this at its end.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from run import CLIENT_CORE, ROOT, Server, counters, free_port, rss_kib

SHARE_MIN = 0.5
GROWTH_KIB_MAX = 4096
STALL_SECONDS = 30
BLOCK = bytes(1 << 20)

NGINX = """daemon off; master_process on; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 64; }}
http {{
    access_log off; client_max_body_size 0; default_type text/plain;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location = / {{ return 200 "here\\n"; }}
        location / {{
            proxy_pass http://127.0.0.1:{peer}; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_request_buffering off; proxy_buffering on; proxy_max_temp_file_size 0; proxy_buffers 8 64k; proxy_buffer_size 64k;
        }}
    }}
}}
"""

SWELL = """spin_manifest_version = 2
[application]
name = "stream"
[[trigger.http]]
route = "/..."
component = "stream"
[component.stream]
source = "{guest}"
[component.stream.tool.swell.limits]
time = "10m"
cpu_time = "10m"
"""


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv(65536)
        if not got:
            return head, b""
        head += got
    return head[:head.index(b"\r\n\r\n") + 4], head[head.index(b"\r\n\r\n") + 4:]


def peer_serve(connection):
    """What stands behind nginx, by path as the guest does."""
    with connection:
        head, rest = read_head(connection)
        path = head.split(b" ")[1].decode()
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        space, left = bytearray(1 << 20), length - len(rest)
        if path.startswith("/out/"):
            count = int(path[5:])
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % count)
            for _ in range(count // len(BLOCK)):
                connection.sendall(BLOCK)
            return
        while left > 0:
            n = connection.recv_into(space)
            if not n:
                return
            left -= n
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")


def peer_main(fd):
    listener = socket.socket(fileno=fd)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=peer_serve, args=(connection,), daemon=True).start()


def read_all(connection):
    """The length of what comes after the head until the end: framing included."""
    head, rest = read_head(connection)
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench: {head[:60]!r}")
    space, total = bytearray(1 << 20), len(rest)
    while n := connection.recv_into(space):
        total += n
    return total


def move(port, what, size):
    path = f"/out/{size}" if what == "out" else f"/{what}"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(STALL_SECONDS)
        sends = what != "out"
        head = f"{'POST' if sends else 'GET'} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        connection.sendall((head + (f"content-length: {size}\r\n" if sends else "") + "\r\n").encode())
        sender = threading.Thread(target=lambda: [connection.sendall(BLOCK) for _ in range(size // len(BLOCK))]) if sends else None
        if sender:
            sender.start()
        got = read_all(connection)
        if sender:
            sender.join()
    if what != "in" and got < size:
        raise SystemExit(f"bench: {what}: {got} of {size} bytes came back")


def measure(server, what, size):
    move(server.port, what, len(BLOCK))  # warm
    most, done = rss_kib(server.process.pid), threading.Event()
    before = most

    def watch():
        nonlocal most
        while not done.wait(0.1):
            most = max(most, rss_kib(server.process.pid))
    watcher = threading.Thread(target=watch)
    begin, at = counters(server.process.pid)[0], time.monotonic()
    watcher.start()
    move(server.port, what, size)
    done.set()
    watcher.join()
    cpu = (counters(server.process.pid)[0] - begin) / 1e9
    return {"what": what, "cpu_s": cpu, "mib_per_cpu_s": size / (1 << 20) / cpu, "seconds": time.monotonic() - at, "growth_kib": most - before}


def servers(build, scratch):
    guest = ROOT / "build/bench/stream.wasm"
    guest.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "tools/build-guest", "c", "bench/guests/stream.c", guest], cwd=ROOT, check=True, capture_output=True)
    (scratch / "spin.toml").write_text(SWELL.format(guest=guest))
    swell = next(path for path in build.rglob("swell") if path.is_file() and os.access(path, os.X_OK))
    port = free_port()
    yield Server("swell", "", [swell, "up", "-f", scratch, "--listen", f"127.0.0.1:{port}", "--workers", "1", "--quiet"], port)
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        print("bench: without nginx: it is not installed")
        return
    port = free_port()
    listener = socket.create_server(("127.0.0.1", 0))
    (scratch / "nginx.conf").write_text(NGINX.format(folder=scratch, port=port, peer=listener.getsockname()[1]))
    peer = subprocess.Popen(["taskset", "-c", str(CLIENT_CORE), sys.executable, __file__, "--peer", str(listener.fileno())], pass_fds=[listener.fileno()])
    try:
        yield Server("nginx", "", [nginx, "-c", scratch / "nginx.conf"], port)
    finally:
        peer.kill()
        peer.wait()


def rounds(build, scratch, mib, count):
    """{(server's name, what): [results]}"""
    runs, ready = {}, []
    making = servers(build, scratch)
    try:
        for server in making:
            ready.append(server)
            if not server.start(scratch):
                raise SystemExit(f"bench: {server.name} did not start:\n{Path(server.log.name).read_text(errors='replace')[-800:]}")
            if server.name == "nginx":
                break  # the server behind it ends with the generator
        for _ in range(count):
            for server in ready:
                for what in ("in", "out", "echo", "splice") if server.name == "swell" else ("in", "out"):
                    runs.setdefault((server.name, what), []).append(measure(server, what, mib << 20))
    finally:
        for server in ready:
            server.stop()
        making.close()
    return runs


def report(build, scratch, mib=1024, count=3):
    """Measures and prints. Returns the results, and whether what should hold does not."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE})
    runs = rounds(build, scratch, mib, count)
    os.sched_setaffinity(0, before)
    print(f"\nbodies of {mib} MiB, {count} rounds, medians: MiB per second of server CPU")
    print(f"{'':<10}{'swell':>10}{'nginx':>10}{'share':>8}{'swell grows KiB':>18}")
    held = True
    for what in ("in", "out", "echo", "splice"):
        rate = {name: statistics.median(run["mib_per_cpu_s"] for run in runs[name, what]) for name in ("swell", "nginx") if (name, what) in runs}
        growth = max(run["growth_kib"] for run in runs["swell", what])
        held &= growth <= GROWTH_KIB_MAX
        nginx, share = "", ""
        if "nginx" in rate:
            held &= rate["swell"] >= SHARE_MIN * rate["nginx"]
            nginx, share = f"{rate['nginx']:.0f}", f"{rate['swell'] / rate['nginx']:.2f}"
        print(f"{what:<10}{rate['swell']:>10.0f}{nginx:>10}{share:>8}{growth:>18}")
    print(f"stream: at least {SHARE_MIN} of nginx, memory grows by at most {GROWTH_KIB_MAX} KiB: {'holds' if held else 'DOES NOT HOLD'}")
    return [run | {"server": name} for (name, _), of in runs.items() for run in of], not held


def main():
    parser = argparse.ArgumentParser(description="measures bodies of 1 GiB through a guest beside nginx that proxies them")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer is not None:
        return peer_main(args.peer)
    with tempfile.TemporaryDirectory(prefix="swell-bench-") as scratch:
        os.chmod(scratch, 0o755)
        return 1 if report(args.build, Path(scratch), args.mib, args.rounds)[1] else 0


if __name__ == "__main__":
    raise SystemExit(main())
