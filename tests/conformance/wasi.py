#!/usr/bin/python3
"""wasi - runs the public WASI test suite (WebAssembly/wasi-testsuite) with `swell run`.

    wasi.py FOLDER [NAME ...]

FOLDER: a checkout with built tests (branch prod/testsuite-base), or any folder in it. Tests are the `.wasm` files of folders called
wasm32-wasip1 and wasm32-wasip3, each with an optional `.json` beside it that says how it is run and what is expected. NAME: only tests with it in their
path. Services run by `swell up` (wasi_service.py). The program is SWELL_BIN, else the one that make built. Known failures stand in wasi_expect.txt; what passes although it stands
there is a failure, too. Prints "N passed, N failed, N skipped".

Every test gets a copy of its folder: the tests of one folder write to the same files.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import swell  # noqa: E402
import wasi_service  # noqa: E402

VERSIONS = {"wasm32-wasip1", "wasm32-wasip3"}
PROPOSALS = {"http"}  # what is proposed and served
SECONDS = 60
KEYS = {"args", "root", "dirs", "env", "exit_code", "stdout", "stderr", "operations", "proposals", "world", "servers"}
COMMAND = {"run", "write", "read", "wait"}
SERVICE = {"run", "request", "kill", "wait"}


def expected_failures():
    lines = (HERE / "wasi_expect.txt").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def specification(path):
    """What the JSON says, with operations in any case; or a reason to skip."""
    described = path.with_suffix(".json")
    said = json.loads(described.read_text()) if described.exists() else {}
    unknown = set(said) - KEYS
    if unknown:
        return f"does not know {', '.join(sorted(unknown))}"
    needs = set(said.get("proposals", [])) - PROPOSALS
    if needs or path.stem.startswith("sockets-"):
        return f"needs {', '.join(sorted(needs or {'sockets'}))}"
    if "operations" not in said:
        root = said.get("root") or next(iter(said.get("dirs", [])), None)
        said["operations"] = [{"type": "run", **{name: said[name] for name in ("args", "env") if name in said}, "root": root}]
        said["operations"] += [{"type": "read", "id": name, "payload": said[name], "whole": True} for name in ("stdout", "stderr") if name in said]
        said["operations"].append({"type": "wait", "exit_code": said.get("exit_code", 0)})
    unknown = {operation["type"] for operation in said["operations"]} - (SERVICE if said.get("world") else COMMAND)
    return f"does not know the operation '{min(unknown)}'" if unknown else said


def remove_left_behind(folder):
    for path in folder.rglob("*.cleanup"):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def read(stream, operation):
    """What is wrong with the next bytes."""
    want = operation.get("payload", "").encode()
    got = stream.read() if operation.get("whole") else stream.read(len(want))
    return [] if got == want else [f"expected {operation.get('id', 'stdout')} {want!r}, got {got[:300]!r}"]


def carry_out(command, folder, operations):
    """Starts the command and does what the operations say, in their order. What is wrong."""
    wrong, code = [], 0
    # Nothing is buffered here: what is read is what was written by then.
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watch = threading.Timer(2 * SECONDS, process.kill)
    watch.start()
    try:
        for operation in operations:
            kind = operation["type"]
            if kind == "write":
                process.stdin.write(operation.get("payload", "").encode())
                process.stdin.flush()
            elif kind == "read":
                if operation.get("whole") and not process.stdin.closed:
                    process.stdin.close()
                wrong += read(process.stderr if operation.get("id") == "stderr" else process.stdout, operation)
            elif kind == "wait":
                code = operation.get("exit_code", 0)
    except BrokenPipeError:
        wrong.append("it does not read its stdin")
    _, err = process.communicate() if not process.stdin.closed else (process.stdout.read(), process.stderr.read())
    got = process.wait()
    watch.cancel()
    if got != code:
        wrong.append(f"expected exit code {code}, got {got}")
    return wrong + [line for line in err.decode(errors="replace").splitlines()[:12] if wrong]


def run_one(program, path):
    """None when it passed, else (skipped, why)."""
    said = specification(path)
    if isinstance(said, str):
        return True, said
    with tempfile.TemporaryDirectory() as work:
        if said.get("world"):
            wrong = wasi_service.run(program, path.resolve(), said, Path(work))
            return (False, "\n    ".join(wrong)) if wrong else None
        run = next((operation for operation in said["operations"] if operation["type"] == "run"), {})
        command = [str(program), "run", "--time-limit", f"{SECONDS}s"]
        for name, value in run.get("env", {}).items():
            command += ["--env", f"{name}={value}"]
        if run.get("root"):
            own = Path(work) / "root"
            shutil.copytree(path.parent / run["root"], own, symlinks=True)
            remove_left_behind(own)
            command += ["--dir", f"{own}::/"]
        wrong = carry_out([*command, path.name, *run.get("args", [])], path.parent, said["operations"])
    return (False, "\n    ".join(wrong)) if wrong else None


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1])
    paths = [path for path in sorted(folder.rglob("*.wasm")) if path.parent.name in VERSIONS]
    names = {path: f"{path.resolve().parts[-4]}/{path.stem}" for path in paths}
    if len(sys.argv) > 2:
        paths = [path for path in paths if any(word in names[path] for word in sys.argv[2:])]
    if not paths:
        print(f"no tests: '{folder}' has no folder {' or '.join(sorted(VERSIONS))} with .wasm files")
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
