"""tools/setup: what it refuses, and that it has nothing to do the second time."""

import os
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def setup(*args, **env):
    return subprocess.run([str(ROOT / "tools/setup"), *args], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **env})


def test_the_second_run_does_nothing_and_is_fast():
    first = setup()
    assert first.returncode == 0, first.stderr
    begin = time.monotonic()
    second = setup()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert time.monotonic() - begin < 2


def test_an_unknown_option_is_refused():
    run = setup("--everything")
    assert run.returncode == 2 and "'--everything' is not an option" in run.stderr


def test_wasmtime_dir_has_to_hold_an_archive(tmp_path):
    run = setup(WASMTIME_DIR=str(tmp_path))
    assert run.returncode == 1 and "has no include/wasmtime.h and lib/libwasmtime.so" in run.stderr


def test_wasmtime_dir_has_to_be_the_version(tmp_path):
    for name, text in (("include/wasmtime.h", '#define WASMTIME_VERSION "49.0.0"\r\n'), ("lib/libwasmtime.so", "")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    run = setup(WASMTIME_DIR=str(tmp_path))
    assert run.returncode == 1 and "is Wasmtime 49.0.0; expected 50.0.1" in run.stderr


def test_a_wrong_digest_is_refused(tmp_path):
    """The digest in env.sh is what decides, not what the index says."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "tools", tree / "tools")
    text = (tree / "tools/env.sh").read_text()
    (tree / "tools/env.sh").write_text(text.replace("WASM_TOOLS_SHA256=4", "WASM_TOOLS_SHA256=0"))
    cache = tmp_path / "cache"
    (cache / "wasmtime-50.0.1/lib").mkdir(parents=True)
    (cache / "wasmtime-50.0.1/lib/libwasmtime.so").write_text("")
    run = subprocess.run([str(tree / "tools/setup")], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                         env={**os.environ, "SWELL_CACHE": str(cache)})
    assert run.returncode == 1 and not (cache / "wasm-tools-1.262.0.0").exists(), run.stdout + run.stderr
