"""tools/soak tells growth from noise, whatever the samples look like."""

import importlib.machinery
import importlib.util
import random
from types import SimpleNamespace

import pytest

import swell as runner

loader = importlib.machinery.SourceFileLoader("soak", str(runner.ROOT / "tools/soak"))
soak = importlib.util.module_from_spec(importlib.util.spec_from_loader("soak", loader))
loader.exec_module(soak)


def rows(memory, descriptors, count=60, name="worker", pid=1):
    """Samples of one process: functions of the minute."""
    return [{"t": 10.0 * i, "name": name, "pid": pid, "rss_kib": memory(i / 6), "pss_kib": 1, "descriptors": descriptors(i / 6), "mappings": 1, "threads": 2}
            for i in range(count)]


def verdict(memory=lambda t: 50000, descriptors=lambda t: 20):
    return soak.report(SimpleNamespace(rows=rows(memory, descriptors) + rows(lambda t: 9000, lambda t: 9, name="supervisor", pid=2)))[1]


@pytest.mark.parametrize("name, memory", [
    ("flat", lambda t: 50000),
    ("noise", lambda t, chance=random.Random(1): 50000 + chance.randrange(-2000, 2000)),
    ("a warm-up", lambda t: 50000 - (20000 if t < 1.5 else 0)),
    ("a little", lambda t: 50000 + 20 * t),
    ("less", lambda t: 50000 - 1000 * t),
])
def test_what_does_not_grow_passes(name, memory):
    assert verdict(memory) == []


@pytest.mark.parametrize("name, memory", [
    ("steadily", lambda t: 50000 + 100 * t),
    ("in noise", lambda t, chance=random.Random(2): 50000 + 300 * t + chance.randrange(-500, 500)),
    ("in steps", lambda t: 50000 + 1000 * int(t)),
])
def test_memory_that_grows_is_told(name, memory):
    (text,) = verdict(memory)
    assert text.startswith("the worker's memory grows by ")


def test_descriptors_that_grow_are_told():
    (text,) = verdict(descriptors=lambda t: 20 + int(t))
    assert text.startswith("the worker's descriptors grow by ")


def test_a_run_that_is_too_short_says_so():
    assert soak.report(SimpleNamespace(rows=rows(lambda t: 1, lambda t: 1, count=5)))[1] == ["too few samples: let it run for longer"]


GOOD = {"canary": {"found": 0, "wrong": 0}, "burst": {"errors": 0, "found": 0, "wrong": 0}, "hello": {"errors": 0}, "echo": {"errors": 0}, "waits": {"errors": 0}, "rude": {"wrong": []}}
SAME = {"reloads": 8, "mappings_before": 200, "mappings": 220}
QUIET = {"supervisor": (9, 1), "worker": (12, 3)}


@pytest.mark.parametrize("results, after, text", [
    ({}, {"worker": (13, 3)}, "a quiet worker has 13 descriptors, at the start it had 12"),
    ({}, {"supervisor": (9, 2)}, "a quiet supervisor has 2 threads, at the start it had 1"),
    ({"canary": {"found": 1, "wrong": 0}}, {}, "the canary: "),
    ({"burst": {"errors": 0, "found": 1, "wrong": 0}}, {}, "the burst: "),
    ({"hello": {"errors": 9}}, {}, "hello: 9 requests failed"),
    ({"echo": {"died": True}}, {}, "a client gave up: ['echo']"),
    ({"rude": {"wrong": [b"x"]}}, {}, "a slow client got a wrong answer"),
])
def test_what_else_goes_wrong_is_told(results, after, text):
    (found,) = soak.judge(SimpleNamespace(results={**GOOD, **results}, **SAME), QUIET, {**QUIET, **after})
    assert found.startswith(text)
    assert soak.judge(SimpleNamespace(results=GOOD, **SAME), QUIET, QUIET) == []


def test_mappings_that_stay_when_all_is_quiet_are_told():
    (found,) = soak.judge(SimpleNamespace(results=GOOD, **{**SAME, "mappings": 400}), QUIET, QUIET)
    assert found == "a quiet worker has 400 mappings, at the start it had 200"


def test_memory_that_follows_the_load_passes_and_what_grows_beside_it_is_told():
    """The machine gets slower half-way: more requests are in flight, and each has some memory."""
    def run(more):
        samples = rows(lambda t: 0, lambda t: 20, count=120)
        for i, row in enumerate(samples):
            row["mappings"] = 1000 + (60 if i > 80 else 0) + i % 7
            row["rss_kib"] = 50000 + 90 * row["mappings"] + more * i / 6
        return soak.report(SimpleNamespace(rows=samples + rows(lambda t: 9000, lambda t: 9, name="supervisor", pid=2)))[1]
    assert run(0) == []
    (text,) = run(300)
    assert text.startswith("the worker's memory grows by ")


def test_private_memory_is_told_apart_by_what_it_is_for():
    smaps = """\
7f0000000000-7f0000010000 rw-p 00000000 08:01 7  /home/a/.cache/swell/aot/image
Anonymous:            12 kB
7f0000010000-7f0000020000 rw-p 00000000 00:00 0
Anonymous:             8 kB
7f0000020000-7f0100000000 ---p 00000000 00:00 0
Anonymous:             0 kB
7f0200000000-7f0200200000 rw-p 00000000 00:00 0
Anonymous:            16 kB
5500000000-5500100000 rw-p 00000000 00:00 0      [heap]
Anonymous:           900 kB
7f0300000000-7f0300001000 r--p 00000000 08:01 9  /lib/libc.so.6
Anonymous:             4 kB
"""
    assert soak.parts(smaps) == {"guests_kib": 20, "stacks_kib": 16, "heap_kib": 900, "else_kib": 4}
