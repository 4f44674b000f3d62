"""swell componentize against the published tests of wit-component: core modules, adapters and worlds in, the components that it makes out.

A folder has module.wat and module.wit, adapt-NAME.wat and .wit, and component.wat or error.txt. Linking several libraries (lib-*.wat) is not part of it.
"""

import shutil

import pytest
from test_componentize import CACHE, componentize, tool

FOUND = sorted(CACHE.glob("wit-component-*/components"))
FOLDERS = sorted(path.parent for path in FOUND[-1].glob("*/module.wat")) if FOUND else []
ASYNC = "asynchronous functions, streams and futures"
THREADS = "threads"
MEMORY = "a core module that imports its memory"
REFUSED = {  # what is not supported yet
    "adapt-custom-page-sizes": "pages of another size",
    "async-builtins": ASYNC,
    "async-export": ASYNC,
    "async-export-with-callback": ASYNC,
    "async-forward-builtins": ASYNC,
    "async-import": ASYNC,
    "async-import-only-intrinsic": ASYNC,
    "async-import-tricky": ASYNC,
    "async-streams-and-futures": ASYNC,
    "async-task-return-param-string": ASYNC,
    "async-unit-builtins": ASYNC,
    "canonical-names": "imports of two versions of one track as one, which the upstream test asks for by an option",
    "import-memory": MEMORY,
    "import-memory-async-builtins": MEMORY,
    "realloc-shim-import-memory": MEMORY,
    "realloc-task-hook-async": ASYNC,
    "realloc-task-hook-import-memory": MEMORY,
    "return-call-ref-async": ASYNC,
    "return-call-ref-payloads": ASYNC,
    "return-call-ref-realloc-shim": MEMORY,
    "threading": THREADS,
    "threading-wasm-ld-symbols": THREADS,
    "threading-wasm-ld-symbols-coop": THREADS,
    "threading-wasm-ld-symbols-with-shims": THREADS,
    "threading-wasm-ld-symbols64": THREADS,
    "wasm-init-task": ASYNC,
}
DIFFERENT = {"implements": "names that say which interface they implement are kept as interfaces of their own"}


def embedded(folder, stem, work):
    """The module with its world as a section. A world without a package is one of module.wit's package."""
    core, wit, out = work / f"{stem}.core.wasm", folder / f"{stem}.wit", work / f"{stem}.wasm"
    tool("parse", folder / f"{stem}.wat", "-o", core)
    text = wit.read_text() if wit.exists() else f"world {stem} {{}}"
    args = [wit, core]
    if not text.lstrip().startswith("package"):
        of = work / f"wit-{stem}"
        of.mkdir()
        if stem != "module" and (folder / "module.wit").exists():
            shutil.copy(folder / "module.wit", of / "module.wit")
        else:
            text = "package foo:foo;\n" + text
        (of / "world.wit").write_text(text)
        args = ["--world", stem, of, core]
    made = tool("component", "embed", *args, "-o", out, ok=False)
    if made.returncode:
        pytest.skip("the world is of several packages that only the upstream test puts together: " + made.stderr.strip().splitlines()[0])
    return out


def encode(folder, work):
    adapters = []
    for path in sorted(folder.glob("adapt-*.wat")):
        first = path.read_text().splitlines()[0]
        name = first.split("module name:")[1].strip() if "module name:" in first else path.stem[len("adapt-") :]
        adapters += ["--adapt", f"{name}={embedded(folder, path.stem, work)}"]
    out = work / "ours.wasm"
    return componentize(embedded(folder, "module", work), *adapters, "-o", out), out


@pytest.mark.skipif(not FOLDERS, reason="wit-component's tests are not there; run tools/setup --test")
@pytest.mark.parametrize("name", [path.name for path in FOLDERS])
def test_golden(tmp_path, name):
    folder = FOUND[-1] / name
    run, out = encode(folder, tmp_path)
    if (folder / "error.txt").exists() or name in REFUSED:
        assert run.returncode == 2 and not out.exists()
        assert run.stderr.startswith("error: ") and len(run.stderr.splitlines()[0]) > 40
        return
    assert run.returncode == 0, run.stderr
    tool("validate", "--features", "all", out)
    theirs = tmp_path / "theirs.wasm"
    tool("parse", folder / "component.wat", "-o", theirs)
    same = tool("component", "wit", out).stdout == tool("component", "wit", theirs).stdout
    assert same == (name not in DIFFERENT)
