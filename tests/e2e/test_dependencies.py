"""Components that are composed at load: results and resources cross over, a dependency may do what it inherits and nothing else, what
does not fit is refused by name, and what goes wrong in a dependency ends one request."""

import os
import re
import shutil
import subprocess
import time

import pytest

import guests
import swell as runner
from client import get

OPS = '"test:calc/ops@1.2.0"'
APP = """\
spin_manifest_version = 2

[application]
name = "shop"

[variables]
colour = { default = "red" }

[[trigger.http]]
route = "/strict/..."
component = "strict"

[[trigger.http]]
route = "/open/..."
component = "open"

[[trigger.http]]
route = "/whole/..."
component = "whole"

[component.strict]
source = "server.wasm"
environment = { NAME = "ann", MORE = "x" }
variables = { colour = "{{ colour }}" }
[component.strict.tool.swell.limits]
cpu_time = "200ms"
memory = "8MiB"
[component.strict.dependencies]
"test:calc/ops@1.2.0" = { path = "library.wasm" }

[component.open]
source = "server.wasm"
environment = { NAME = "bob" }
allowed_outbound_hosts = ["http://127.0.0.1:1"]
variables = { colour = "{{ colour }}" }
files = [{ source = "shared", destination = "/" }]
[component.open.dependencies]
"test:calc" = { component = "calculator", inherit_configuration = ["environment"] }

[component.whole]
source = "server.wasm"
environment = { NAME = "eve" }
allowed_outbound_hosts = ["http://127.0.0.1:1"]
variables = { colour = "{{ colour }}" }
files = [{ source = "shared", destination = "/" }]
dependencies_inherit_configuration = true
[component.whole.dependencies]
"test:calc/ops" = { path = "library.wasm", export = "test:calc/ops@1.2.0" }

[component.calculator]
source = "library.wasm"
"""
MAIN = """\
spin_manifest_version = 2

[application]
name = "shop"

[[trigger.http]]
route = "/..."
component = "main"

[component.main]
source = "server.wasm"
"""


def write(folder, text):
    for name in ("server", "library"):
        shutil.copy(guests.build(f"compose-{name}"), folder / f"{name}.wasm")
    (folder / "shared").mkdir(exist_ok=True)
    (folder / "shared/a.txt").write_text("a")
    (folder / "spin.toml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("shop"), APP)
    with runner.Swell("-f", str(folder), cache=cache, log=tmp_path_factory.mktemp("log") / "swell.log") as server:
        yield server


def refuse(folder, cache, text):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SWELL_", "SPIN_"))}
    environment.update(HOME=str(folder), XDG_CACHE_HOME=str(cache))
    run = subprocess.run([str(runner.program()), "up", "-f", str(write(folder, text)), "--listen", "127.0.0.1:0"], env=environment,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "Serving" not in run.stdout
    return run.stderr


# ---- what flows ----

@pytest.mark.parametrize("component", ["strict", "open", "whole"])
@pytest.mark.parametrize("path, text", [("join", "one, zwölf"), ("points", "ab"), ("count", "127"), ("keep", "7"), ("", "here")])
def test_values_and_resources_cross_over(server, component, path, text):
    for _ in range(3):
        answer = get(server.port, f"/{component}/{path}")
        assert (answer.status, answer.text) == (200, text)


def test_what_a_dependency_prints_is_the_components_output(server):
    assert get(server.port, "/strict/say/printed-by-the-library").text == "here"
    end = time.monotonic() + 10  # another thread writes it
    while not re.search(r"^printed-by-the-library$", server.log(), re.M):
        assert time.monotonic() < end, server.log()
        time.sleep(0.01)


# ---- what a dependency may do ----

@pytest.mark.parametrize("component, name", [("strict", "ann"), ("open", "bob"), ("whole", "eve")])
def test_the_component_has_its_own_environment(server, component, name):
    assert get(server.port, f"/{component}/own/NAME").text == name


@pytest.mark.parametrize("component, what, text", [
    ("strict", "environment/NAME", "not set, of 0"),
    ("open", "environment/NAME", "bob"),
    ("open", "environment/MORE", "not set, of 1"),
    ("whole", "environment/NAME", "eve"),
    ("strict", "arguments", "0"),
    ("whole", "arguments", "0"),
    ("strict", "files", "0"),
    ("open", "files", "0"),
    ("whole", "files", "1"),
    ("strict", "variable/colour", "none"),
    ("open", "variable/colour", "none"),
    ("whole", "variable/colour", "red"),
    ("strict", "http", "error 15"),  # HTTP-request-denied
    ("open", "http", "error 15"),
    ("strict", "stdin", "closed"),
    ("strict", "names", "error 1"),  # access-denied
    ("open", "names", "error 1"),
])
def test_a_dependency_has_what_it_inherits_and_nothing_else(server, component, what, text):
    assert get(server.port, f"/{component}/probe/{what}").text == text


# ---- what goes wrong in a dependency ----

@pytest.mark.parametrize("how, status, log", [
    ("trap", 500, "guest.trap component=strict .* kind=unreachable"),
    ("exit", 500, "guest.trap component=strict .* kind=exit"),
    ("deep", 500, "guest.trap component=strict .*"),
    ("overflow", 500, "guest.trap component=strict .* string pointer/length out of bounds of memory"),
    ("spin", 504, "limit.cpu_time component=strict .*limit_ms=200"),
    ("eat", 200, "limit.memory component=strict .*limit_bytes=8388608"),  # memory.grow fails: of both together
])
def test_what_goes_wrong_in_a_dependency_ends_its_request_only(server, how, status, log):
    workers = server.workers()
    server.expect_log(log)
    assert get(server.port, f"/strict/fail/{how}").status == status
    assert get(server.port, "/strict/join").text == "one, zwölf"
    assert get(server.port, "/open/join").text == "one, zwölf"
    assert server.workers() == workers


def test_a_dependency_finds_nothing_of_its_component(server):
    for _ in range(20):
        assert get(server.port, "/open/hunt").text == "0"


# ---- what is refused ----

@pytest.mark.parametrize("dependencies, texts", [
    ('"test:other" = { path = "library.wasm" }',
     ["component 'main': dependency 'test:other' doesn't match any imports of the component", "test:calc/ops@1.2.0"]),
    ('"test:calc@2.0.0" = { path = "library.wasm" }', ["doesn't match any imports of the component"]),
    ('"test:calc/ops" = { path = "library.wasm", export = "test:calc/other@1.0.0" }',
     ["component 'main': dependency 'test:calc/ops' doesn't export 'test:calc/other@1.0.0' to satisfy import 'test:calc/ops@1.2.0'",
      "hint: it exports\n  test:calc/ops@1.2.0"]),
    ('"test:calc" = { path = "server.wasm" }', ["component 'main': dependency 'test:calc': imports 'test:calc/ops@1.2.0', which this host does not have"]),
    ("", ["imports 'test:calc/ops@1.2.0', which this host does not have"]),
])
def test_what_does_not_fit_is_refused_at_the_start(tmp_path, cache, dependencies, texts):
    error = refuse(tmp_path, cache, f"{MAIN}[component.main.dependencies]\n{dependencies}\n")
    for text in texts:
        assert text in error


def test_what_does_not_fit_is_refused_before_anything_of_it_is_compiled(tmp_path):
    """The library is the slow part here, and the cache stays without the component's own code."""
    fresh = tmp_path / "cache"
    error = refuse(tmp_path, fresh, f'{MAIN}[component.main.dependencies]\n"test:other" = {{ path = "library.wasm" }}\n')
    assert "component 'main': dependency 'test:other' doesn't match any imports of the component" in error
    refused = {path.name for path in fresh.rglob("*.cwasm")}
    folder = write(tmp_path, f"{MAIN}[component.main.dependencies]\n{OPS} = {{ path = \"library.wasm\" }}\n")
    with runner.Swell("-f", str(folder), cache=fresh, log=tmp_path / "swell.log") as server:
        assert get(server.port, "/x/join").text == "one, zwölf"
    assert len(refused) < len(list(fresh.rglob("*.cwasm")))  # a library may have been faster


def test_a_library_that_is_none_is_named_by_its_own_check(tmp_path, cache):
    folder = write(tmp_path, MAIN)
    (folder / "broken.wasm").write_bytes(b"\0asm\x0d\0\x01\0\xff")
    error = refuse(tmp_path, cache, f'{MAIN}[component.main.dependencies]\n{OPS} = {{ path = "broken.wasm" }}\n')
    assert "component 'main-test-calc-ops': '" in error and "broken.wasm': " in error


def test_more_dependencies_than_are_linked_early_are_linked_by_the_worker(tmp_path, cache):
    many = "".join(f'"other{n}:x" = {{ path = "library.wasm" }}\n' for n in range(33))
    error = refuse(tmp_path, cache, f"{MAIN}[component.main.dependencies]\n{many}")
    assert "doesn't match any imports of the component" in error


def test_a_broken_dependency_keeps_the_revision_before_it(tmp_path, cache):
    folder = write(tmp_path, f"{MAIN}[component.main.dependencies]\n{OPS} = {{ path = \"library.wasm\" }}\n")
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache)}
    with runner.Swell("-f", str(folder), cache=cache, log=tmp_path / "swell.log") as server:
        assert get(server.port, "/x/join").text == "one, zwölf"
        server.expect_log("reload.failed")
        text = (folder / "spin.toml").read_text()
        (folder / "spin.toml").write_text(text.replace("test:calc/ops@1.2.0", "test:calc/ops@1.3.0"))
        run = subprocess.run([str(runner.program()), "reload", "--pid", str(server.pid)], env=environment, capture_output=True, text=True)
        assert run.returncode != 0
        assert "dependency 'test:calc/ops@1.3.0' doesn't match any imports of the component" in run.stderr
        assert get(server.port, "/x/join").text == "one, zwölf"
        (folder / "spin.toml").write_text(text)
        run = subprocess.run([str(runner.program()), "reload", "--pid", str(server.pid)], env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert get(server.port, "/x/count").text == "127"


def test_a_library_is_compiled_once(tmp_path, cache):
    fresh = tmp_path / "cache"
    folder = write(tmp_path, APP)
    with runner.Swell("-f", str(folder), cache=fresh, log=tmp_path / "swell.log") as server:
        assert get(server.port, "/whole/join").text == "one, zwölf"
    codes = list(fresh.rglob("*.cwasm"))
    alone = tmp_path / "alone"
    alone.mkdir()
    single = write(alone, f"{MAIN}[component.main.dependencies]\n{OPS} = {{ path = \"library.wasm\" }}\n")
    with runner.Swell("-f", str(single), cache=fresh, log=tmp_path / "swell-alone.log") as server:
        assert get(server.port, "/x/join").text == "one, zwölf"
    assert sorted(fresh.rglob("*.cwasm")) == sorted(codes)


# ---- another language ----

def test_a_component_in_rust_has_a_dependency_in_c(tmp_path, cache):
    shutil.copy(guests.build("compose-rust"), tmp_path / "rust.wasm")
    text = MAIN.replace("server.wasm", "rust.wasm") + f'environment = {{ NAME = "ann" }}\ndependencies = {{ {OPS} = {{ path = "library.wasm" }} }}\n'
    with runner.Swell("-f", str(write(tmp_path, text)), cache=cache, log=tmp_path / "swell.log") as server:
        for _ in range(3):
            assert get(server.port, "/").text == "zwölf, 42, own ann, its not set, of 0, files 0"


# ---- against another tool ----

def wasm_tools():
    found = subprocess.run(["sh", "-c", '. ./tools/env.sh; echo "$WASM_TOOLS"'], cwd=runner.ROOT, capture_output=True, text=True)
    return found.stdout.strip()


def test_the_same_answers_as_a_component_that_another_tool_composed(tmp_path, cache, server):
    """What that tool makes is one component with nested ones, and one set of grants."""
    parts = [str(guests.build(f"compose-{name}")) for name in ("server", "library")]
    whole = tmp_path / "whole.wasm"
    subprocess.run([wasm_tools(), "compose", parts[0], "-d", parts[1], "-o", str(whole)], check=True, capture_output=True)
    manifest = MAIN.replace("server.wasm", "whole.wasm") + 'environment = { NAME = "eve" }\nallowed_outbound_hosts = ["http://127.0.0.1:1"]\n' \
        'files = [{ source = "shared", destination = "/" }]\n'
    with runner.Swell("-f", str(write(tmp_path, manifest)), cache=cache, log=tmp_path / "swell.log") as other:
        for path in ("join", "points", "count", "keep", "own/NAME", "probe/environment/NAME", "probe/files", "probe/http", "probe/stdin",
                     "probe/names", "probe/tcp", "fail/none", "hunt"):
            ours, theirs = get(server.port, f"/whole/{path}"), get(other.port, f"/x/{path}")
            assert (ours.status, ours.text) == (theirs.status, theirs.text), path
        other.expect_log("guest.trap .* kind=unreachable")
        server.expect_log("guest.trap component=whole .* kind=unreachable")
        assert get(other.port, "/x/fail/trap").status == get(server.port, "/whole/fail/trap").status == 500
