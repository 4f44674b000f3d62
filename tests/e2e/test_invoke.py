"""`swell wit`, `swell inspect`, `swell invoke`: what they print about a component and how they call it."""

import json
import os
import subprocess

import pytest

import swell as runner

DATA = runner.ROOT / "tests/unit/component/data"
INVOKE = DATA / "invoke.wasm"


def run(*args):
    """Returns (exit code, stdout, stderr)."""
    done = subprocess.run([str(runner.program()), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("call, want", [
    ("add(1, 2)", "3"),
    ("char('\\u{41}')", "'A'"),
    ("turn(%ok)", "%ok"),
    ("allow({write})", "{write}"),
    ("float(-1.5e300)", "-1.5e+300"),
    ('text("a\\tb \u00fc")', '"a\\tb \u00fc"'),
    ('list([(1, "x"), (2, "")])', '[(1, "x"), (2, "")]'),
    ('adopt({tags: [1, 2], name: "Rex"})', '{name: "Rex", age: none, tags: [1, 2]}'),
    ('adopt({name: "", age: 3, tags: []})', '{name: "", age: some(3), tags: []}'),
    ("test:calc/math@1.2.0#sum(3, 4)", "7"),
    ("test:calc/math#sum(3, 4)", "7"),
    ("sum(3, 4)", "7"),
])
def test_a_call_prints_its_result(call, want):
    assert run("invoke", INVOKE, call) == (0, want + "\n", "")


@pytest.mark.parametrize("call, code, message", [
    ("boom()", 1, "trap: the guest executed 'unreachable'"),
    ("add(1)", 2, "1:6: expected 2 arguments, got 1: 'b' is missing\nhint: it is add: func(a: u32, b: u32) -> u32\n"),
    ("add(1, 2, 3)", 2, "1:9: expected 2 arguments, got more\nhint: it is add: func(a: u32, b: u32) -> u32\n"),
    ("test:calc/math#sum(3, -1)", 2, "1:23: expected a u32 (0 to 4294967295), got '-1'\nhint: it is sum: func(a: u32, b: u32) -> u32\n"),
    ("ad(1)", 2, "exports no function 'ad'\nhint: did you mean 'add'? It exports\n  test:calc/math@1.2.0#sum\n"),
    ("test:calc/math@1.3.0#sum(3, 4)", 2, "exports no function 'test:calc/math@1.3.0#sum'"),
    ("add", 2, "expected 'FUNCTION(ARGUMENTS)', got 'add'"),
])
def test_a_call_that_cannot_be_is_explained(call, code, message):
    status, out, error = run("invoke", INVOKE, call)
    assert (status, out) == (code, "")
    assert f"error: '{INVOKE}': " in error and message in error


@pytest.mark.parametrize("calls, code, out, message", [
    (["[constructor]counter(3)", "[method]counter.add(#1, 4)", "[constructor]counter(10)", "[method]counter.add(#2, 1)",
      "[method]counter.add(#1, 1)", "end(#1)", "make-other()"], 0, "#1\n7\n#2\n11\n8\n8\n#3\n", ""),
    (["[constructor]counter(3)", "boom()", "[constructor]counter(4)"], 1, "#1\n", "call 2: trap: the guest executed 'unreachable'"),
    (["[constructor]counter(3)", "end(#1)", "end(#1)"], 2, "", "call 3: #1 was given away already\nhint: it is end: func(c: own<"),
    (["make-other()", "end(#1)"], 2, "", "call 2: #1 is not the resource that 'c' wants"),
    (["end(#1)"], 2, "", "there is no #1: the calls before give 0 resources"),
    (["end(1)"], 2, "", "1:5: expected a resource that an earlier call gave, as '#1', got '1'"),
    (["[method]counter.add(#0, 1)"], 2, "", "there is no #0"),
])
def test_several_calls_share_an_instance_and_its_resources(calls, code, out, message):
    status, printed, error = run("invoke", DATA / "invoke_counter.wasm", *calls)
    assert (status, printed) == (code, out)
    assert message in error if message else error == ""


def test_a_call_leaves_its_code_for_the_next(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWELL_")}
    environment.update(HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    command = [str(runner.program()), "invoke", str(INVOKE), "add(20, 3)"]
    seen = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout, done.stderr) == (0, "23\n", "")
        seen.append({path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.cwasm")})
    assert seen[0] and seen[0] == seen[1]


def test_a_file_that_is_no_component_is_refused_before_it_is_called(tmp_path):
    other = tmp_path / "a.wasm"
    other.write_text("hello")
    status, out, error = run("invoke", other, "add(1, 2)")
    assert (status, out) == (2, "") and error.startswith(f"error: '{other}': expected a WebAssembly component")
    status, out, error = run("invoke", tmp_path / "none.wasm", "add(1, 2)")
    assert (status, out) == (2, "") and f"open '{tmp_path / 'none.wasm'}'" in error
    status, _, error = run("internal-invoke", "--component", "x", "--call", "add(1, 2)")
    assert status == 2 and "'swell invoke' starts this command" in error


def test_wit_prints_the_world():
    assert run("wit", DATA / "run_nested.wasm") == (0, """\
package root:component;

world root {
  import test:host/api@1.0.0;
  export count: func() -> u32;
  export twice: func(n: u32);
  export quadruple: func(l: list<u32>) -> list<u32>;
}

package test:host@1.0.0 {
  interface api {
    note: func(n: u32);
  }
}
""", "")


def test_inspect_says_what_is_missing():
    status, out, error = run("inspect", "--format", "json", DATA / "run_nested.wasm")
    assert (status, error) == (0, "")
    found = json.loads(out)
    assert found["kind"] == "component" and found["served"] is False
    assert found["missing-imports"] == [{"import": "test:host/api@1.0.0"}]
    assert found["imports"] == [{"name": "test:host/api", "version": "1.0.0", "kind": "instance", "functions": 1}]
    status, out, error = run("inspect", DATA / "run_nested.wasm")
    assert status == 0 and "served by this Swell: no\n  missing import: test:host/api@1.0.0\n" in out


def test_files_of_another_kind_are_refused(tmp_path):
    other = tmp_path / "a.wasm"
    other.write_text("hello")
    for command in ("wit", "inspect"):
        status, _, error = run(command, other)
        assert status == 2 and "expected a WebAssembly component, got a file of another kind" in error
    status, _, error = run("wit")
    assert (status, error) == (2, "error: expected FILE, got nothing\nhint: 'swell help wit' shows what it takes\n")
