#!/usr/bin/python3
"""unkillable.py - measures what a worker owes its requests whatever others do: beside computing guests, under overload, with many that wait.

    bench/unkillable.py [--build DIR] [--only neighbour,overload,parked] [--seconds S] [--rounds N]

neighbour   hello's latency beside 0, 1 and 8 guests that compute for ever on the same worker, and beside bursts of 64 new ones; and for how many
            whole slices of others each call waited between ready and running (the engine counts those of components that do not compute
            themselves; the worker tells at its end). Held: two at most.
overload    a guest of 1 ms of CPU. The peak is that of a closed loop; then requests are sent at once and three times that rate whether
            answers come or not. Held: three times the load leaves 90 % of the peak's goodput.
parked      10,000 requests that wait in one worker; what each costs by /proc/PID/smaps: pages that the guest dirtied, and all else, page
            tables included (sockets are the kernel's). Held: all else is 128 KiB at most.

Servers run on core 0 with one worker, clients on core 1. `bench/run.py` runs this after its table; JSON goes to build/bench with the rest.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import CLIENT_CORE, ROOT, Server, counters, free_port, rss_kib, tree

SLICES_MAX = 2
GOODPUT_MIN = 0.90
OTHER_KIB_MAX = 128
PARKED = 10000
PARK_RATE = 2500
NEIGHBOURS = (0, 1, 8)
BURST = 64  # computing guests that begin at once
BURST_MS = 20  # of CPU each
STACK_KIB = 2048  # ENGINE_STACK_BYTES
OFFERS = (1, 3)
CONNECTIONS_MAX = 16000
IDLE_SECONDS = 30

MANIFEST = """spin_manifest_version = 2
[application]
name = "unkillable"
[[trigger.http]]
route = "/"
component = "hello"
[component.hello]
source = "{hello}"
[[trigger.http]]
route = "/loud/..."
component = "loud"
[component.loud]
source = "{limits}"
[component.loud.tool.swell.limits]
time = "{loud_seconds}s"
cpu_time = "1h"
[[trigger.http]]
route = "/brief/..."
component = "brief"
[component.brief]
source = "{limits}"
[component.brief.tool.swell.limits]
cpu_time = "{brief_ms}ms"
[[trigger.http]]
route = "/busy/..."
component = "busy"
[component.busy]
source = "{limits}"
[[trigger.http]]
route = "/parked/..."
component = "parked"
[component.parked]
source = "{limits}"
[component.parked.tool.swell.limits]
time = "10m"
concurrency = 16384
"""


class Bench:
    def __init__(self, build, scratch, seconds, rounds):
        self.load_program = build / "bench/load"
        self.swell = next(path for path in build.rglob("swell") if path.is_file() and os.access(path, os.X_OK))
        self.scratch, self.seconds, self.rounds = scratch, seconds, rounds
        guests = {}
        for name, source in (("hello", "examples/hello-c/main.c"), ("limits", "tests/guests/limits/main.c")):
            guests[name] = ROOT / f"build/bench/{name}.wasm"
            subprocess.run([ROOT / "tools/build-guest", "c", source, guests[name]], cwd=ROOT, check=True, capture_output=True)
        (scratch / "spin.toml").write_text(MANIFEST.format(loud_seconds=seconds + 2, brief_ms=BURST_MS, **guests))

    def serve(self, name):
        port = free_port()
        server = Server(name, "", [self.swell, "up", "-f", self.scratch, "--listen", f"127.0.0.1:{port}", "--workers", "1"], port,
                        environment={"SWELL_LOG": "debug"})
        if not server.start(self.scratch):
            raise SystemExit(f"bench: swell did not start:\n{Path(server.log.name).read_text(errors='replace')[-800:]}")
        return server

    def load_start(self, server, *options):
        command = ["taskset", "-c", str(CLIENT_CORE), self.load_program, *options, f"127.0.0.1:{server.port}"]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def load(self, server, *options):
        out, _ = self.load_start(server, *options).communicate()
        return json.loads(out)


def await_idle(server):
    """Until the server has used no CPU for a while: what was sent before has ended."""
    end = time.monotonic() + IDLE_SECONDS
    last = counters(server.process.pid)[0]
    while time.monotonic() < end:
        time.sleep(0.3)
        now = counters(server.process.pid)[0]
        if now - last < 3_000_000:
            return
        last = now


# ---- beside guests that compute ----

def waited(server):
    """What the engine counted, by the worker's last line."""
    text = Path(server.log.name).read_text(errors="replace")
    line = re.findall(r"engine\.counters (.*)", text)[-1]
    return {name: int(value) for name, value in re.findall(r"waited_slices_(\w+)=(\d+)", line)}


def row_of(neighbours, result, server):
    return {"neighbours": neighbours, "waited": waited(server), **{name: result[name] for name in ("errors", "rps", "p50_us", "p99_us", "max_us")}}


def beside_bursts(bench):
    """Again and again many new calls that compute until they are ended: each has a first slice to come."""
    server = bench.serve("beside-bursts")
    try:
        bursts = bench.load_start(server, "--connections", BURST, "--seconds", bench.seconds, "--path", "/brief/spin", "--status", 504)
        result = bench.load(server, "--connections", 1, "--seconds", bench.seconds, "--expect", "Hello from C on Swell\n")
        bursts.communicate()
    finally:
        server.stop()
    return row_of(BURST, result, server)


def neighbour(bench):
    rows = []
    for neighbours in NEIGHBOURS:
        server = bench.serve(f"beside-{neighbours}")
        try:
            loud = []
            for _ in range(neighbours):
                loud.append(bench.load_start(server, "--connections", 1, "--requests", 1, "--path", "/loud/spin", "--status", 504))
            result = bench.load(server, "--connections", 1, "--seconds", bench.seconds, "--expect", "Hello from C on Swell\n")
            for process in loud:
                process.communicate()
        finally:
            server.stop()
        rows.append(row_of(neighbours, result, server))
    rows.append(beside_bursts(bench))
    print("\nhello beside guests that compute for ever, one connection, one worker")
    print(f"{'computing':>10}{'p50 us':>10}{'p99 us':>10}{'max us':>10}   calls that waited for 0, 1, 2, more slices; the most")
    for row in rows:
        counts = row["waited"]
        name = f"{BURST} at once" if row["neighbours"] == BURST else row["neighbours"]
        print(f"{name:>10}{row['p50_us']:>10.0f}{row['p99_us']:>10.0f}{row['max_us']:>10.0f}   "
              f"{counts['0']}, {counts['1']}, {counts['2']}, {counts['more']}; {counts['max']}")
    return rows, all(row["waited"]["max"] <= SLICES_MAX and not row["errors"] for row in rows)


# ---- more than can be done ----

def cpu_us(bench, server, path):
    begin = counters(server.process.pid)[0]
    result = bench.load(server, "--connections", 1, "--seconds", 1, "--path", path)
    return (counters(server.process.pid)[0] - begin) / 1000 / result["requests"]


def measured(bench, server, *options):
    """A load's result with `goodput`, and the same for each second that the server had a core: the machine may have other work."""
    begin = counters(server.process.pid)[0]
    result = bench.load(server, *options)
    cpu = (counters(server.process.pid)[0] - begin) / 1e9
    good = result["requests"] - result["refused"] - result["errors"]
    return {"goodput": good / result["seconds"], "goodput_cpu": good / cpu, "core": cpu / result["seconds"],
            **{name: result[name] for name in ("started", "refused", "unsent", "errors", "rps", "p50_us", "p99_us")}}


def overload(bench):
    server = bench.serve("overload")
    rows = []
    try:
        rounds_of_guest = 1000
        for _ in range(3):
            rounds_of_guest = max(1, round(rounds_of_guest * 1000 / cpu_us(bench, server, f"/busy/work/{rounds_of_guest}")))
        path = f"/busy/work/{rounds_of_guest}"
        for _ in range(bench.rounds):
            await_idle(server)
            row = {"rss_before_kib": rss_kib(server.process.pid)}
            row["peak"] = measured(bench, server, "--connections", 16, "--seconds", bench.seconds, "--path", path)
            for times in OFFERS:
                await_idle(server)
                row[f"{times}x"] = measured(bench, server, "--connections", CONNECTIONS_MAX, "--rate", round(row["peak"]["rps"] * times),
                                            "--seconds", 2 * bench.seconds, "--path", path)
            row["rss_full_kib"] = rss_kib(server.process.pid)
            await_idle(server)
            row["rss_after_kib"] = rss_kib(server.process.pid)
            rows.append(row)
    finally:
        server.stop()
    print(f"\noverload: {path}, 1 ms of CPU; requests a second that were answered well, against the peak of a closed loop")
    print(f"{'round':>6}{'peak':>8}{'1x':>8}{'3x':>8}{'of peak':>9}{'per CPU':>9}{'refused':>9}{'RSS KiB before':>16}{'full':>9}{'after':>9}")
    ratios, cpu_ratios = [], []
    for number, row in enumerate(rows):
        peak, most = row["peak"], row["3x"]
        ratios.append(most["goodput"] / peak["goodput"])
        cpu_ratios.append(most["goodput_cpu"] / peak["goodput_cpu"])
        print(f"{number + 1:>6}{peak['goodput']:>8.0f}{row['1x']['goodput']:>8.0f}{most['goodput']:>8.0f}{ratios[-1]:>9.0%}{cpu_ratios[-1]:>9.0%}"
              f"{most['refused']:>9}{row['rss_before_kib']:>16}{row['rss_full_kib']:>9}{row['rss_after_kib']:>9}")
    ratio, cpu_ratio = statistics.median(ratios), statistics.median(cpu_ratios)
    core = statistics.median(row["3x"]["core"] / row["peak"]["core"] for row in rows)
    if ratio < GOODPUT_MIN <= cpu_ratio and core < GOODPUT_MIN:
        print(f"the machine gave the server {core:.0%} of the core time it had at its peak: judged by the CPU time")
        ratio = cpu_ratio
    errors = sum(row[what]["errors"] for row in rows for what in ("peak", "1x", "3x"))
    return {"guest": path, "rounds": rows}, ratio >= GOODPUT_MIN and not errors


# ---- many that wait ----

def memory(pid):
    """KiB that are this process's alone, by what they are for. A guest's memory begins with a private mapping of its image."""
    kinds = {"guest": 0, "stacks": 0, "heap": 0, "other": 0}
    kind, end_before = "other", 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)", line):
            start, end, mode, name = int(head[1], 16), int(head[2], 16), head[3], head[4]
            was_guest = kind == "guest" and start == end_before
            if mode == "rw-p" and "/aot/" in name or was_guest and mode == "rw-p" and not name:
                kind = "guest"
            elif mode == "rw-p" and not name and end - start == STACK_KIB << 10:
                kind = "stacks"
            else:
                kind = "heap" if name == "[heap]" else "other"
            end_before = end
        elif anonymous := re.match(r"Anonymous:\s+(\d+)", line):
            kinds[kind] += int(anonymous[1])
    kinds["page tables"] = int(re.search(r"VmPTE:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
    return kinds


def parked(bench):
    server = bench.serve("parked")
    try:
        (worker,) = [pid for pid in tree(server.process.pid) if b"internal-worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        bench.load(server, "--connections", 16, "--requests", 1000, "--path", "/parked/sleep/1")
        before = memory(worker)
        waiting = bench.load_start(server, "--connections", PARKED, "--rate", PARK_RATE, "--requests", PARKED, "--seconds", 3600,
                                   "--path", "/parked/sleep/600000")
        end = time.monotonic() + 60
        while len(os.listdir(f"/proc/{worker}/fd")) < PARKED and time.monotonic() < end:
            time.sleep(0.2)
        await_idle(server)
        after = memory(worker)
        there = len(os.listdir(f"/proc/{worker}/fd"))
        waiting.kill()
        waiting.communicate()
    finally:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        server.stop()  # the second signal: those that wait are not waited for
    each = {name: (after[name] - before[name]) / PARKED for name in after}
    other = sum(each.values()) - each["guest"]
    print(f"\n{PARKED} requests that wait in one worker, KiB each: " + ", ".join(f"{name} {value:.1f}" for name, value in each.items()))
    print(f"beyond the pages the guest dirtied: {other:.1f} KiB each")
    return {"before_kib": before, "after_kib": after, "each_kib": each}, other <= OTHER_KIB_MAX and there >= PARKED


HELD = {"neighbour": f"at most {SLICES_MAX} slices between ready and running", "overload": f"3x load leaves {GOODPUT_MIN:.0%} of the peak",
        "parked": f"at most {OTHER_KIB_MAX} KiB beyond the guest's pages"}


def measure(build, scratch, only=(), seconds=4, rounds=3):
    """Runs the parts; returns their numbers, and the names of those that did not hold."""
    bench = Bench(build, scratch, seconds, rounds)
    results, broken = {}, []
    for part in (neighbour, overload, parked):
        if only and part.__name__ not in only:
            continue
        results[part.__name__], holds = part(bench)
        print(f"{part.__name__}: {HELD[part.__name__]}: {'holds' if holds else 'DOES NOT HOLD'}", flush=True)
        if not holds:
            broken.append(part.__name__)
    return results, broken


def main():
    parser = argparse.ArgumentParser(description="measures what a worker owes its requests whatever others do")
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--only", default="", help="parts, with commas")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="of the overload")
    args = parser.parse_args()
    (ROOT / "build/bench").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        results, broken = measure(Path(args.build), Path(scratch), [part for part in args.only.split(",") if part], args.seconds, args.rounds)
    (ROOT / "build/bench/unkillable.json").write_text(json.dumps(results, indent=1) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
