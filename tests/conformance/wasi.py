#!/usr/bin/python3
"""wasi - runs the public WASI test suite (WebAssembly/wasi-testsuite) with `swell run`.

    wasi.py FOLDER [NAME ...]

FOLDER: a checkout with built tests (branch prod/testsuite-base), or any folder in it. Tests are the `.wasm` files of folders called
wasm32-wasip1, each with an optional `.json` beside it that says how it is run and what is expected. NAME: only tests with it in their
path. The program is SWELL_BIN, else the one that make built. Known failures stand in wasi_expect.txt; what passes although it stands
there is a failure, too. Prints "N passed, N failed, N skipped".

Every test gets a copy of its folder: the tests of one folder write to the same files.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import swell  # noqa: E402

VERSION = "wasm32-wasip1"
SECONDS = 60
KEYS = {"args", "root", "dirs", "env", "exit_code", "stdout", "stderr", "operations", "proposals", "world"}


def expected_failures():
    lines = (HERE / "wasi_expect.txt").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def specification(path):
    """What the JSON says, as (args, env, root, expected exit code, expected stdout, expected stderr); or a reason to skip."""
    described = path.with_suffix(".json")
    said = json.loads(described.read_text()) if described.exists() else {}
    unknown = set(said) - KEYS
    if unknown:
        return f"does not know {', '.join(sorted(unknown))}"
    if said.get("proposals"):
        return f"needs {', '.join(said['proposals'])}"
    if "operations" in said:
        out = {"stdout": None, "stderr": None}
        run, code = {}, 0
        for operation in said["operations"]:
            kind = operation["type"]
            if kind == "run":
                run = operation
            elif kind == "wait":
                code = operation.get("exit_code", 0)
            elif kind == "read":
                stream = operation.get("id", "stdout")
                out[stream] = (out[stream] or "") + operation.get("payload", "")
            else:
                return f"does not know the operation '{kind}'"
        return run.get("args", []), run.get("env", {}), run.get("root"), code, out["stdout"], out["stderr"]
    return (said.get("args", []), said.get("env", {}), said.get("root") or next(iter(said.get("dirs", [])), None), said.get("exit_code", 0),
            said.get("stdout"), said.get("stderr"))


def remove_left_behind(folder):
    for path in folder.rglob("*.cleanup"):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def run_one(program, path):
    """None when it passed, else (skipped, why)."""
    spec = specification(path)
    if isinstance(spec, str):
        return True, spec
    args, env, root, code, out, err = spec
    with tempfile.TemporaryDirectory() as work:
        command = [str(program), "run", "--time-limit", f"{SECONDS}s"]
        for name, value in env.items():
            command += ["--env", f"{name}={value}"]
        if root:
            own = Path(work) / "root"
            shutil.copytree(path.parent / root, own, symlinks=True)
            remove_left_behind(own)
            command += ["--dir", f"{own}::/"]
        try:
            done = subprocess.run([*command, str(path), *args], stdin=subprocess.PIPE, capture_output=True, timeout=2 * SECONDS)
        except subprocess.TimeoutExpired:
            return False, "it did not end"
    wrong = []
    if done.returncode != code:
        wrong.append(f"expected exit code {code}, got {done.returncode}")
    for name, want, got in (("stdout", out, done.stdout), ("stderr", err, done.stderr)):
        if want is not None and got != want.encode():
            wrong.append(f"expected {name} {want!r}, got {got[:300]!r}")
    if not wrong:
        return None
    return False, "; ".join(wrong) + "".join(f"\n    {line}" for line in done.stderr.decode(errors="replace").splitlines()[:12])


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1])
    paths = [path for path in sorted(folder.rglob("*.wasm")) if path.parent.name == VERSION]
    names = {path: f"{path.relative_to(folder).parts[-4] if len(path.relative_to(folder).parts) > 3 else ''}/{path.stem}".lstrip("/") for path in paths}
    if len(sys.argv) > 2:
        paths = [path for path in paths if any(word in names[path] for word in sys.argv[2:])]
    if not paths:
        print(f"no tests: '{folder}' has no folder {VERSION} with .wasm files")
        return 2
    program, known, counts = swell.program(), expected_failures(), {"passed": 0, "failed": 0, "skipped": 0}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for path, result in zip(paths, pool.map(lambda path: run_one(program, path), paths)):
            name = names[path]
            if result and result[0]:
                kind, text = "skipped", result[1]
            elif result:
                kind, text = ("skipped", f"as expected: {known[name]}") if name in known else ("failed", result[1])
            else:
                kind, text = ("failed", "it passes: take it out of wasi_expect.txt") if name in known else ("passed", "")
            counts[kind] += 1
            if kind != "passed":
                print(f"{kind}: {name}: {text}")
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
