#!/usr/bin/python3
"""run - converts the component test vectors and runs the wast runner over them.

    run.py WAST OUT [FOLDER-OR-FILE ...]

WAST is the runner, OUT where the converted scripts go. Vectors are found through SWELL_VECTORS or in ../shared/vectors beside the
project; own/ has ours. wasm-tools is the one that tools/setup keeps, or the one in PATH. Exit code 77: skipped, and why is printed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
SUITES = ["component-model", "wasm-tools-component"]


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def find_vectors():
    given = os.environ.get("SWELL_VECTORS")
    folder = Path(given) if given else ROOT.parent / "shared" / "vectors"
    if not all((folder / suite).is_dir() for suite in SUITES):
        skip(f"no vectors: '{folder}' lacks {' or '.join(SUITES)}; set SWELL_VECTORS")
    return folder


def find_wasm_tools():
    cache = os.environ.get("SWELL_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swell"
    kept = sorted(Path(cache).glob("wasm-tools-*/bin/wasm-tools"))
    found = os.environ.get("WASM_TOOLS") or (str(kept[-1]) if kept else None) or shutil.which("wasm-tools")
    if not found:
        skip("no wasm-tools: run tools/setup, put it into PATH, or name it in WASM_TOOLS")
    return found


def convert(tools, source, out):
    """One script into its own folder, unless it is there already."""
    done = out / "script.json"
    if done.exists() and done.stat().st_mtime >= source.stat().st_mtime:
        return None
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    partial = out / "partial"
    made = subprocess.run([tools, "json-from-wast", str(source), "-o", str(partial), "--wasm-dir", str(out)],
                          capture_output=True, text=True,
                          env={**os.environ, "WAST_STRICT_COMPONENT_INDICES": "0"})  # the short form of nested references
    if made.returncode:
        return f"{source}: {made.stderr.strip()}"
    partial.rename(done)
    return None


def main():
    wast, out = sys.argv[1], Path(sys.argv[2])
    vectors, tools = find_vectors(), find_wasm_tools()
    failures = []
    for source in sorted(vectors.rglob("*.wast")):
        failures.append(convert(tools, source, out / source.relative_to(vectors).with_suffix("")))
    for source in sorted((HERE / "own").glob("*.wast")):
        failures.append(convert(tools, source, out / source.relative_to(HERE).with_suffix("")))
    failures = [failure for failure in failures if failure]
    for failure in failures:
        print(f"FAILED to convert {failure}")
    chosen = sys.argv[3:] or [*SUITES, "own"]
    command = [wast, "--expect", str(HERE / "expect.txt"), "--root", str(out), "--validate", str(out / "wasm-tools-component")]
    if not sys.argv[3:]:
        command.append("--whole")
    code = subprocess.run([*command, *(str(out / name) for name in chosen)]).returncode
    return 1 if failures else code


if __name__ == "__main__":
    sys.exit(main())
