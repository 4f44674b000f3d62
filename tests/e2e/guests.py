"""guests.py - builds the guests of the tests once into build/guests, by a digest of what goes into them."""

import hashlib
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build/guests"

# name: (kind, source, flags)
GUESTS = {
    "c": ("c", "examples/hello-c/main.c", []),
    "rust": ("rust", "tests/guests/rust", []),
    "rust-p1": ("rust-p1", "tests/guests/rust", []),
    "rust-typed": ("rust-typed", "tests/guests/rust", []),
    "go": ("go", "tests/guests/go", []),
    "js": ("js", "tests/guests/js/main.js", []),
    "hostile": ("c", "tests/guests/hostile/main.c", []),
    "canary": ("c", "tests/guests/hostile/canary.c", ["-mreference-types"]),
    "limits": ("c", "tests/guests/limits/main.c", []),
    "limits-hall": ("c", "tests/guests/limits/main.c", ["-DHALL_BYTES=67108864"]),
    "headers": ("c", "tests/guests/headers/main.c", []),
    "logs": ("c", "tests/guests/logs/main.c", []),
    "outgoing": ("c", "tests/guests/outgoing/main.c", []),
    "wagi": ("command", "tests/guests/wagi/main.c", []),
    "run": ("command", "tests/guests/wasi01/run.c", []),
    "sockets": ("c-world", "tests/guests/sockets/main.c", ["http-sockets"]),
    "sockets-command": ("c-world", "tests/guests/sockets/main.c", ["command-sockets", "-DCOMMAND"]),
    "command-http": ("c-world", "tests/guests/sockets/http.c", ["command-http"]),
    "variables": ("c-world", "tests/guests/variables/main.c", ["reader"]),
    "inbound": ("c-world", "tests/guests/legacy/main.c", ["inbound"]),
    "inbound-typed": ("c-typed", "tests/guests/legacy/main.c", ["inbound"]),
    "inbound-libc": ("c-typed", "tests/guests/legacy/main.c", ["inbound", "-DLIBC"]),
    "old-abi": ("c-core", "tests/guests/legacy/main.c", ["-DOLD_ABI"]),
    "old-abi-libc": ("c-core", "tests/guests/legacy/main.c", ["-DOLD_ABI", "-DLIBC"]),
    "older-1018": ("c-older", "tests/guests/older/main.c", ["2023-10-18", "-DRC=1018"]),
    "older-1110": ("c-older", "tests/guests/older/main.c", ["2023-11-10", "-DRC=1110"]),
    "compose-server": ("c-world", "tests/guests/compose/server.c", ["server"]),
    "compose-rust": ("rust-world", "tests/guests/compose/main.rs", ["server"]),
    "compose-library": ("c-world", "tests/guests/compose/library.c", ["library"]),
    **{
        f"realloc-{how.lower()}": ("c", "tests/guests/hostile/realloc.c", [f"-DREALLOC={how}"])
        for how in ("DEEP", "LEAVE", "OUTSIDE", "UNALIGNED", "LOOP", "TRAP", "GROW", "BOTTOM", "EDGE", "EXIT")
    },
    "wasi3": ("wat-wasi3", "tests/guests/wasi3/service.wat", ["service", "0.3.0"]),
    "wasi3-rc": ("wat-wasi3", "tests/guests/wasi3/service.wat", ["service", "0.3.0-rc-2026-03-15"]),
    "wasi3-command": ("wat-wasi3", "tests/guests/wasi3/command.wat", ["command", "0.3.0"]),
    "wasi3-both": ("wat-wasi3", "tests/guests/wasi3/both.wat", ["both", "0.3.0"]),
    "zoo": ("c", "tests/guests/hostile/zoo.c", ["-mbulk-memory"]),
    **{
        f"wat-{path.stem.replace('_', '-')}": ("wat", str(path.relative_to(ROOT)), [])
        for path in sorted((ROOT / "tests/guests/wat").glob("*.wat"))
    },
}
GREETINGS = {"c": "C", "rust": "Rust", "rust-p1": "Rust", "go": "Go", "js": "JavaScript"}


def digest(kind, source, flags):
    sha = hashlib.sha256(repr((kind, flags)).encode())
    folder = ROOT / source
    inputs = [folder] if folder.is_file() and kind != "js" else sorted((folder if folder.is_dir() else folder.parent).rglob("*"))
    if kind in ("c", "c-world", "c-core", "c-typed", "c-older", "rust-world", "wat-wasi3"):
        inputs += sorted([*folder.parent.glob("*.h"), *folder.parent.rglob("*.wit")])
    for path in [*inputs, *sorted((ROOT / "sdk/c").rglob("*")), *(sorted((ROOT / "wit/0.3").glob("*.wit")) if kind == "wat-wasi3" else ()),
                 ROOT / "tools/build-guest", ROOT / "tools/env.sh"]:
        if path.is_file():
            sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]


def build(name):
    """The component's path; skips the test with the reason when its toolchain is not there."""
    kind, source, flags = GUESTS[name]
    out = OUT / f"{name}-{digest(kind, source, flags)}.wasm"
    if not out.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        run = subprocess.run([str(ROOT / "tools/build-guest"), kind, source, str(out), *flags], cwd=ROOT, capture_output=True, text=True)
        if run.returncode == 77:
            pytest.skip(run.stderr.strip().splitlines()[-1])
        assert run.returncode == 0, f"the guest '{name}' does not build:\n{run.stdout}{run.stderr}"
    return out
