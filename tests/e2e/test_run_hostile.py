"""Every function of WASI 0.1 with pointers, lengths and numbers that cannot be: an errno or a trap, never a crash or a success."""

import re
import shutil
import subprocess

import pytest

import swell as runner

SOURCE = (runner.ROOT / "src/host/wasi01/p1_module.c").read_text()
TYPES = dict(re.findall(r'#define (OF_\w+)\(as\)\s*\\?\s*as\("(\w*:\w*)"', SOURCE))
FUNCTIONS = {name: TYPES[kind] for name, kind in re.findall(r'(?:ROW|WAITS)\("(\w+)", "[\w-]+", (OF_\w+),', SOURCE)}
HIGH = 0xFFFFFFF0  # outside any memory, and sums with it go over 32 bits
NO_POINTER = {"fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_set_flags", "fd_fdstat_set_rights", "fd_filestat_set_size",
              "fd_filestat_set_times", "fd_renumber", "fd_sync", "sched_yield"}
ENDS = {"proc_exit": 255, "proc_raise": 134}
WORDS = {"i": "i32", "I": "i64"}


def module(name, kinds, values):
    params, results = kinds.split(":")
    call = "\n".join(f"    ({WORDS[kind]}.const {value})" for kind, value in zip(params, values))
    end = "(call $exit)" if results else ""
    signature = " ".join([*(f"(param {WORDS[kind]})" for kind in params), *(f"(result {WORDS[kind]})" for kind in results)])
    return f"""(module
  (import "wasi_snapshot_preview1" "{name}" (func $it {signature}))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
{call}
    (call $it)
    {end}))
"""


def run(folder, name, text):
    (folder / "in").mkdir(exist_ok=True)
    (folder / "m.wat").write_text(text)
    subprocess.run(["wat2wasm", str(folder / "m.wat"), "-o", str(folder / "m.wasm")], check=True)
    done = subprocess.run([str(runner.program()), "run", "--time-limit", "20s", "--env", "A=1", "--dir", f"{folder / 'in'}::/", str(folder / "m.wasm")],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    error = done.stderr.decode()
    assert not runner.NEVER.search(error), error
    assert done.returncode in range(77) or (done.returncode == 134 and "trap: " in error) or name in ENDS, (done.returncode, error)
    return done.returncode


def test_the_table_is_whole():
    assert len(FUNCTIONS) == 46


@pytest.mark.skipif(not shutil.which("wat2wasm"), reason="wat2wasm is not there; run tools/setup --test")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_cannot_be_is_refused(tmp_path, name):
    params = FUNCTIONS[name].split(":")[0]
    takes_fd = name.startswith(("fd_", "path_", "sock_")) and name != "path_symlink"
    for number in (0, 3, 200, HIGH) if takes_fd else (HIGH,):
        values = [number if at == 0 else HIGH if kind == "i" else (1 << 64) - 16 for at, kind in enumerate(params)]
        code = run(tmp_path, name, module(name, FUNCTIONS[name], values))
        if name in ENDS:
            assert code == ENDS[name]
        elif name not in NO_POINTER:
            assert code != 0


@pytest.mark.skipif(not shutil.which("wat2wasm"), reason="wat2wasm is not there; run tools/setup --test")
@pytest.mark.parametrize("name, values, errno", [
    ("fd_write", [1, 0, 0x10000000, 0], 28),  # more buffers than a system takes
    ("fd_read", [0, 0, 1025, 0], 28),
    ("fd_write", [1, 8, 1, 0], 0),  # one, of no bytes
    ("poll_oneoff", [0, 0, 0, 0], 28),
    ("poll_oneoff", [0, 0, 4097, 0], 28),
    ("fd_readdir", [3, 0, 10, (1 << 64) - 1, 64], 28),
    ("fd_seek", [3, 0, 0, 64], 8),
    ("random_get", [0, 65536], 0),
])
def test_counts_have_limits(tmp_path, name, values, errno):
    assert run(tmp_path, name, module(name, FUNCTIONS[name], values)) == errno


@pytest.mark.skipif(not shutil.which("wat2wasm"), reason="wat2wasm is not there; run tools/setup --test")
def test_descriptors_end(tmp_path):
    """A guest that opens in a loop gets EMFILE (33)."""
    signature = "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)"
    text = f"""(module
  (import "wasi_snapshot_preview1" "path_open" (func $open {signature}))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) ".")
  (func (export "_start") (local $errno i32)
    (loop $again
      (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
                                    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
      (br_if $again (i32.eqz (local.get $errno))))
    (call $exit (local.get $errno))))
"""
    assert run(tmp_path, "path_open", text) == 33


@pytest.mark.skipif(not shutil.which("wat2wasm"), reason="wat2wasm is not there; run tools/setup --test")
@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_one_call_moves_so_much_and_no_more(tmp_path, name):
    """A larger one would hold up all others of its process: what is left is for the next call."""
    (tmp_path / "in").mkdir()
    with open(tmp_path / "in/large", "wb") as file:
        file.truncate(8 << 20)
    code = run(tmp_path, name, f"""(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "{name}" (func $move (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 80)
  (data (i32.const 0) "large")
  (data (i32.const 16) "\\00\\00\\01\\00\\00\\00\\40\\00")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 0) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32))
      (then (call $exit (i32.const 60))))
    (if (call $move (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 40))
      (then (call $exit (i32.const 61))))
    (call $exit (i32.shr_u (i32.load (i32.const 40)) (i32.const 20)))))
""")
    assert code == 1
