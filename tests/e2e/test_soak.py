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
    (found,) = soak.judge(SimpleNamespace(results={**GOOD, **results}, reloads=8), QUIET, {**QUIET, **after})
    assert found.startswith(text)
    assert soak.judge(SimpleNamespace(results=GOOD, reloads=8), QUIET, QUIET) == []
