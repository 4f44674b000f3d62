"""swell componentize against wasm-tools: the same core modules and worlds, the same component from outside."""

import os
import random
import subprocess
from pathlib import Path

import pytest

import swell as runner
from client import get

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("SWELL_CACHE", Path.home() / ".cache/swell"))
CLANG = ["clang", "--target=wasm32-wasi", "-Os", f"-I{ROOT}/sdk/c/include", "-mexec-model=reactor", "-nostartfiles", "-Wl,--no-entry",
         "-Wl,--stack-first", "-Wl,-z,stack-size=16384", "-s"]  # fmt: skip
WIT = ROOT / "sdk/c/wit"
PRIMITIVES = "bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string".split()
WORLDS = 25


def tool(*args, ok=True):
    found = sorted(CACHE.glob("wasm-tools-*/bin/wasm-tools"))
    if not found:
        pytest.skip("wasm-tools is not there; run tools/setup")
    run = subprocess.run([str(found[-1]), *map(str, args)], capture_output=True, text=True)
    assert not ok or run.returncode == 0, run.stderr
    return run


def componentize(*args):
    return subprocess.run([str(runner.program()), "componentize", *map(str, args)], capture_output=True, text=True)


def compile_c(source, out):
    try:
        run = subprocess.run([*CLANG, str(ROOT / source), "-o", str(out)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("clang is not installed")
    assert run.returncode == 0, run.stderr


def reference(core, wit, world, out):
    embedded = out.with_suffix(".embedded.wasm")
    tool("component", "embed", "--world", world, wit, core, "-o", embedded)
    tool("component", "new", embedded, "-o", out)


@pytest.mark.parametrize("source", ["examples/hello-c/main.c", "tests/guests/hostile/main.c", "tests/guests/hostile/zoo.c", "tests/guests/limits/main.c"])
def test_makes_the_component_that_wasm_tools_makes(tmp_path, source):
    core, ours, theirs = (tmp_path / name for name in ("core.wasm", "ours.wasm", "theirs.wasm"))
    compile_c(source, core)
    reference(core, WIT, "http", theirs)
    run = componentize(core, "--wit", WIT, "--world", "http", "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("validate", "--features", "component-model", ours)
    assert tool("component", "wit", ours).stdout == tool("component", "wit", theirs).stdout


def test_its_component_is_served(start, tmp_path):
    core, ours = tmp_path / "core.wasm", tmp_path / "ours.wasm"
    compile_c("examples/hello-c/main.c", core)
    assert componentize(core, "--wit", WIT, "-w", "http", "-o", ours).returncode == 0
    with start(["-f", str(ours)]) as server:
        response = get(server.port)
    assert (response.status, response.text) == (200, "Hello from C on Swell\n")


# ---- random worlds ----


def a_type(rng, names, depth=0):
    kind = rng.randrange(11)
    if depth > 2 or kind < 4:
        return rng.choice(PRIMITIVES)
    part = lambda: a_type(rng, names, depth + 1)  # noqa: E731
    if kind < 7:
        return rng.choice(names) if names else "string"
    if kind == 7:
        return f"list<{part()}>"
    if kind == 8:
        return f"option<{part()}>"
    if kind == 9:
        return f"tuple<{', '.join(part() for _ in range(rng.randint(1, 4)))}>"
    return rng.choice(["result", f"result<{part()}>", f"result<_, {part()}>", f"result<{part()}, {part()}>"])


def a_func(rng, names, resources=()):
    one = lambda: f"borrow<{rng.choice(resources)}>" if resources and rng.random() < 0.2 else a_type(rng, names)  # noqa: E731
    params = ", ".join(f"p{i}: {one()}" for i in range(rng.randint(0, 5)))
    return f"func({params})" + (f" -> {a_type(rng, names)}" if rng.random() < 0.7 else "")


def a_def(rng, name, names, resources):
    parts = range(rng.randint(1, 4))
    payload = lambda: f"({a_type(rng, names)})" if rng.random() < 0.6 else ""  # noqa: E731
    kind = rng.randrange(6)
    if kind == 0:
        return f"record {name} {{ {', '.join(f'f{i}: {a_type(rng, names)}' for i in parts)} }}"
    if kind == 1:
        return f"variant {name} {{ {', '.join(f'c{i}{payload()}' for i in parts)} }}"
    if kind == 2:
        return f"enum {name} {{ {', '.join(f'e{i}' for i in parts)} }}"
    if kind == 3:
        return f"flags {name} {{ {', '.join(f'g{i}' for i in range(rng.randint(1, 20)))} }}"
    if kind == 4:
        return f"type {name} = {a_type(rng, names)};"
    made = f"resource {name} {{ constructor(a: {a_type(rng, names)}); m: {a_func(rng, names, resources)}; s: static {a_func(rng, names)}; }}"
    resources.append(name)
    return made


def a_world(rng):
    text, earlier, items = "package t:p@1.2.3;\n", [], []
    for number in range(rng.randint(1, 4)):
        name, names, resources, lines = f"i{number}", [], [], []
        for other, other_names, other_resources in earlier:
            own = [n for n in other_names if n.startswith(other)]
            if own and rng.random() < 0.6:
                used = rng.choice(own)
                lines.append(f"use {other}.{{{used}}};")
                names.append(used)
                resources += [used] if used in other_resources else []
        for i in range(rng.randint(0, 5)):
            lines.append(a_def(rng, f"{name}-t{i}", names, resources))
            names.append(f"{name}-t{i}")
        lines += [f"{name}-f{i}: {a_func(rng, names, resources)};" for i in range(rng.randint(0, 4))]
        text += f"interface {name} {{ {' '.join(lines)} }}\n"
        earlier.append((name, names, resources))
        items += rng.choice([[f"import {name};"], [f"export {name};"], [f"import {name};", f"export {name};"], []])
    for i in range(rng.randint(0, 2)):
        items += [f"import w{i}: {a_func(rng, [])};", f"export x{i}: {a_func(rng, [])};"]
    return text + f"world w {{ {' '.join(items)} }}\n"


@pytest.mark.parametrize("seed", range(WORLDS))
def test_random_worlds_have_the_same_wit(tmp_path, seed):
    """The order of definitions in exports differs, so lines are compared as a set with counts."""
    wit, core, ours, theirs = (tmp_path / name for name in ("w.wit", "core.wasm", "ours.wasm", "theirs.wasm"))
    wit.write_text(a_world(random.Random(seed)))
    made = tool("component", "embed", "--dummy-names", "legacy", "--world", "w", wit, "-o", core, ok=False)
    if made.returncode:
        pytest.skip("an export depends on an import that depends on an export: no valid world")
    tool("component", "new", core, "-o", theirs)
    run = componentize(core, "--wit", wit, "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("validate", "--features", "component-model", ours)
    assert sorted(tool("component", "wit", ours).stdout.split("\n")) == sorted(tool("component", "wit", theirs).stdout.split("\n"))
    inspected = subprocess.run([str(runner.program()), "inspect", str(ours)], capture_output=True, text=True)
    assert inspected.returncode == 0, inspected.stderr
