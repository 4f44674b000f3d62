#!/usr/bin/python3
"""run.py - measures Swell beside a floor, nginx and `wasmtime serve`, in one batch, and prints a table; JSON goes to build/bench.

    bench/run.py [--rounds N] [--seconds S] [--connections 1,16,64] [--only NAME,...] [--build DIR]

All servers stand ready at once; a round visits each, and rounds are repeated, so that what else the machine does hits all alike. Servers
run on core 0 with one worker, the load generator on core 1. Reported are medians over the rounds. CPU time of the server per request is
the figure to compare: it comes from the scheduler's own counters (/proc/PID/task/*/schedstat, all processes of the server), and repeats
within a few percent where requests per second of the same runs do not. The floor runs first and last in each round: when its two medians
differ by more than a tenth, the batch is void.
"""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1
WARM_REQUESTS = 5000
DRIFT_MAX = 0.10
CLIENT_BUSY_MAX = 0.90
START_SECONDS = 60

# The best of what `wasmtime serve` offers for many small requests; each was measured to help or to do no harm.
TUNED = ["-Opooling-allocator=y", "-Opooling-memory-keep-resident=2097152", "-Opooling-table-keep-resident=65536",
         "-Opooling-async-stack-keep-resident=65536", "-Opooling-pagemap-scan=y", "-Opooling-total-core-instances=1000"]


def tools_environment():
    """The places that tools/env.sh names."""
    names = ["WASMTIME_BIN", "SWELL_CACHE"]
    script = ". tools/env.sh; " + "; ".join(f'echo "$' + name + '"' for name in names)
    values = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(zip(names, values))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """A process and everything below it."""
    pids = [pid]
    for at in pids:
        for task in Path(f"/proc/{at}/task").glob("*"):
            try:
                pids += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                pass
    return pids


def counters(pid):
    """(nanoseconds on a core, minor faults) of the whole tree so far."""
    ns = faults = 0
    for at in tree(pid):
        for task in Path(f"/proc/{at}/task").glob("*"):
            try:
                ns += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass
        try:
            faults += int(Path(f"/proc/{at}/stat").read_text().rsplit(")", 1)[1].split()[7])
        except OSError:
            pass
    return ns, faults


def rss_kib(pid):
    total = 0
    for at in tree(pid):
        try:
            total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{at}/smaps_rollup").read_text(), re.M)[1])
        except (OSError, TypeError):
            pass
    return total


class Server:
    def __init__(self, name, version, command, port, expect=None, environment=None):
        self.name, self.version, self.command, self.port, self.expect = name, version, command, port, expect
        self.environment = environment
        self.process = None
        self.runs = []

    def start(self, log):
        self.log = open(log / f"{self.name.replace(' ', '-')}.log", "wb")
        self.process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *map(str, self.command)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env={**os.environ, **(self.environment or {})})
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                    s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    if s.recv(15).startswith(b"HTTP/1.1 200"):
                        return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def load(program, server, connections, *until):
    command = ["taskset", "-c", str(CLIENT_CORE), str(program), "--connections", str(connections), *map(str, until),
               "--path", "/", "--status", "200", f"127.0.0.1:{server.port}"]
    if server.expect:
        command[-1:-1] = ["--expect", server.expect]
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not run.stdout.strip():
        raise SystemExit(f"bench: the load generator says: {run.stderr.strip() or run.returncode} ({server.name})")
    return json.loads(run.stdout.strip().splitlines()[-1])


def measure(program, server, connections, seconds):
    load(program, server, connections, "--requests", WARM_REQUESTS, "--seconds", 2)
    begin, client = counters(server.process.pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = load(program, server, connections, "--seconds", seconds)
    end, client_end = counters(server.process.pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = result["requests"]
    if result["errors"] or not done:
        raise SystemExit(f"bench: {server.name} with {connections} connections: {result['errors']} errors, {done} answers")
    busy = client_end.ru_utime + client_end.ru_stime - client.ru_utime - client.ru_stime
    return {"connections": connections, "cpu_us": (end[0] - begin[0]) / 1000 / done, "faults": (end[1] - begin[1]) / done,
            "rps": result["rps"], "p50_us": result["p50_us"], "p99_us": result["p99_us"], "requests": done,
            "client_busy": busy / result["seconds"], "pss_kib": rss_kib(server.process.pid)}


def nginx_config(folder, port, body):
    path = folder / "nginx.conf"
    path.write_text(f"""
daemon off; master_process on; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600; default_type text/plain;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }} }}
}}
""")
    return path


def guests():
    """The C and the Rust guest: name, path, body."""
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    out = []
    for kind, source, body in (("c", "examples/hello-c/main.c", "Hello from C on Swell\n"),
                               ("rust", "tests/guests/rust", "Hello from Rust on Swell\n")):
        path = ROOT / f"build/bench/{kind}.wasm"
        run = subprocess.run([ROOT / "tools/build-guest", kind, source, path], cwd=ROOT, capture_output=True, text=True)
        if run.returncode:
            print(f"bench: without the {kind} guest: {run.stderr.strip()}")
            continue
        out.append((kind, path, body))
    return out


def version_of(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return (run.stdout + run.stderr).strip().splitlines()[0]


def servers(build, scratch, environment):
    body = "Hello from C on Swell\n"
    floor = build / "bench/floor"
    yield Server("floor", "", [floor, "--body-bytes", len(body), port := free_port()], port)
    if nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
        port = free_port()
        yield Server("nginx", version_of(nginx, "-v"), [nginx, "-c", nginx_config(scratch, port, body.strip() + r"\n")], port, body)
    else:
        print("bench: without nginx: it is not installed")
    swell = next((path for path in build.rglob("swell") if path.is_file() and os.access(path, os.X_OK)), None)
    wasmtime = Path(environment["WASMTIME_BIN"])
    for what, missing in (("wasmtime serve", not wasmtime.exists()), ("swell", not swell)):
        if missing:
            print(f"bench: without {what}: it is not there")
    for kind, path, text in guests():
        if wasmtime.exists():
            version = version_of(wasmtime, "--version")
            for name, flags in (("wasmtime", []), ("wasmtime-tuned", TUNED)):
                port = free_port()
                yield Server(f"{name} {kind}", version, [wasmtime, "serve", "-Scli", *flags, "--addr", f"127.0.0.1:{port}", path], port, text)
        if swell:
            port = free_port()
            yield Server(f"swell {kind}", version_of(swell, "--version"),
                         [swell, "up", "-f", path, "--listen", f"127.0.0.1:{port}", "--workers", "1", "--quiet"], port, text)


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def table(ready, connections, floor_cpu):
    head = f"{'':<20}{'CPU us/req':>12}{'min-max':>14}{'x floor':>9}{'rps':>9}{'p50 us':>9}{'p99 us':>9}{'faults':>8}{'client':>8}"
    lines = [f"{connections} connection{'s' if connections > 1 else ''}", head]
    for server in ready:
        runs = [run for run in server.runs if run["connections"] == connections]
        if not runs:
            continue
        cpus = [run["cpu_us"] for run in runs]
        lines.append(f"{server.name:<20}{median(runs, 'cpu_us'):>12.1f}{f'{min(cpus):.1f}-{max(cpus):.1f}':>14}"
                     f"{median(runs, 'cpu_us') / floor_cpu:>9.1f}{median(runs, 'rps'):>9.0f}{median(runs, 'p50_us'):>9.0f}"
                     f"{median(runs, 'p99_us'):>9.0f}{median(runs, 'faults'):>8.2f}{median(runs, 'client_busy'):>8.0%}")
    return "\n".join(lines)


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit, "kernel": platform.release(),
            "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "load_average": os.getloadavg()}


def batch(args, ready):
    connections = [int(n) for n in args.connections.split(",")]
    floor, others = ready[0], ready[1:]
    last = {n: [] for n in connections}
    for number in range(args.rounds):
        print(f"bench: round {number + 1} of {args.rounds}", flush=True)
        for n in connections:
            for server in [floor, *others]:
                server.runs.append(measure(args.load, server, n, args.seconds))
            last[n].append(measure(args.load, floor, n, args.seconds))
    void = []
    for n in connections:
        first = median([run for run in floor.runs if run["connections"] == n], "cpu_us")
        drift = abs(median(last[n], "cpu_us") - first) / first
        print(f"\n{table(ready, n, first)}\nfloor first to last: {drift:.0%} apart")
        if drift > DRIFT_MAX:
            void.append(n)
    if void:
        print(f"\nbench: VOID for {', '.join(map(str, void))} connections: the floor drifted by more than {DRIFT_MAX:.0%}; run it again on a quieter machine")
    return void


def main():
    parser = argparse.ArgumentParser(description="measures Swell beside a floor, nginx and wasmtime serve")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument("--only", default="", help="names or parts of them, with commas")
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--without-limits", action="store_true", help="leave out what unkillable.py and stream.py measure")
    args = parser.parse_args()
    build = Path(args.build)
    args.load = build / "bench/load"
    if not args.load.exists():
        raise SystemExit(f"bench: there is no {args.load}; run make bench")
    (ROOT / "build/bench").mkdir(parents=True, exist_ok=True)
    ready = []
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        try:
            for server in servers(build, Path(scratch), tools_environment()):
                wanted = [part for part in args.only.split(",") if part]
                if wanted and server.name != "floor" and not any(part in server.name for part in wanted):
                    continue
                if server.start(Path(scratch)):
                    ready.append(server)
                else:
                    server.log.flush()
                    text = Path(server.log.name).read_text(errors="replace")[-800:]
                    print(f"bench: {server.name} did not start:\n{text}")
                    server.stop()
            if not ready or ready[0].name != "floor":
                raise SystemExit("bench: the floor did not start, so there is nothing to compare with")
            void = batch(args, ready)
        finally:
            for server in ready:
                server.stop()
    limits, broken, streams, slow = {}, [], [], False
    if not args.without_limits and not args.only:
        import unkillable  # which imports from here
        with tempfile.TemporaryDirectory() as scratch:
            os.chmod(scratch, 0o755)
            limits, broken = unkillable.measure(build, Path(scratch))
        import stream
        with tempfile.TemporaryDirectory() as scratch:
            os.chmod(scratch, 0o755)
            streams, slow = stream.report(build, Path(scratch))
    result = {"machine": machine(), "limits": limits, "streams": streams, "void": void, "settings": {"rounds": args.rounds, "seconds": args.seconds, "tuned": TUNED},
              "servers": [{"name": s.name, "version": s.version, "runs": s.runs} for s in ready]}
    out = ROOT / "build/bench" / f"{result['machine']['date'].replace(':', '')}-{result['machine']['commit']}.json"
    out.write_text(json.dumps(result, indent=1) + "\n")
    for program in ("bench_engine", "bench_component"):  # without a server
        if (build / "bench" / program).exists():
            print(f"\n{program}", flush=True)
            subprocess.run([build / "bench" / program])
    print(f"\nbench: {out.relative_to(ROOT)}")
    return 1 if void or broken or slow else 0


if __name__ == "__main__":
    sys.exit(main())
