"""Components that are broken or that ask for what is not there: refused when the application starts, with the reason, before any of it runs."""

import os
import re
import subprocess

import pytest

import guests
from client import Connection
import swell as runner

FOLDER = guests.ROOT / "tests/guests/wat/refused"
WHERE = r"component 'main': '[^']*'"

# tests/guests/wat/refused/NAME.wat: the exact message behind "error: "
REFUSED = {
    "no_handler": r"component 'main': Expected component to export one of `wasi:http/incoming-handler@0\.2\.x`, `wasi:http/handler@0\.3\.x`, `fermyon:spin/inbound-http` but it exported none of those",
    "handler_type": r"component 'main': exports 'handle' of 'wasi:http/incoming-handler' as func\(x: u32\), expected func\(request: own<wasi:http/types/incoming-request>, response-out: own<wasi:http/types/response-outparam>\)",
    "handler_numbers": r"component 'main': exports 'handle' of 'wasi:http/incoming-handler' as func\(request: u32, response-out: u32\), expected func\(request: own<.*",
    "handler_lists": r"component 'main': exports 'handle' of 'wasi:http/incoming-handler' as func\(request: string, response-out: string\), expected func\(request: own<.*",
    "handler_own_resources": r"component 'main': exports 'handle' of 'wasi:http/incoming-handler' as func\(request: own<#\d+>, response-out: own<#\d+>\), expected func\(request: own<.*",
    "unknown_import": WHERE + r": imports 'evil:kernel/ring-zero@1\.0\.0', which this host does not have",
    "import_type": WHERE + r": imports 'get-random-u64' of 'wasi:random/random@0\.2\.0' as func\(seed: u64\) -> u64, but this host has func\(\) -> u64",
    "import_version": WHERE + r": imports 'wasi:random/random@7\.0\.0', which this host does not have; it has 'wasi:random/random' at 0\.2\.\d+ and 0\.3\.0",
    "component_import_left": WHERE + r": imports 'whatever', which this host does not have",
    "core_import_missing": WHERE + r": missing module instantiation argument named `a` at byte 0x2f",
    "bad_core": WHERE + r": core module 0: compile: failed to compile: .*type mismatch: expected i32, found i64",
    "shared_memory": WHERE + r": core module 0: memory 0 is shared between threads, which is not supported: build without threads",
    "memory_of_16_tebibytes": WHERE + r": core module 0: memory 0 starts with 268435456 pages, more than the limit of 65536",
    "segment_outside": WHERE + r": core module 0: data segment 0 \(18 bytes at 65530\) lies outside the memory of 65536 bytes",
    "lift_without_memory": WHERE + r": canonical option `memory` is required at byte 0x[0-9a-f]+",
    "old_redis": WHERE + r": imports 'outbound-redis', which is 'fermyon:spin/redis': this host does not have it",
    "old_trigger": WHERE + r": exports 'handle-redis-message', which is 'fermyon:spin/inbound-redis': this host does not have it",
    "old_type": WHERE + r": export 'fermyon:spin/inbound-http#handle-request': expected core type \((i32, ){9}i32\) -> \(i32\), got \(i32\) -> \(i32\)",
    "old_realloc": WHERE + r": export 'canonical_abi_realloc': expected core type \(i32, i32, i32, i32\) -> \(i32\), got \(i32, i32\) -> \(i32\)",
    "old_memory": WHERE + r": the core module does not export the memory 'memory', which strings and larger values need",
    "old_wasi": WHERE + r": imports 'fd_teleport' of 'wasi_snapshot_preview1', which this host does not have",
    "old_wasi_type": WHERE + r": import 'swell:wasi01/preview1' 'fd-close': expected core type \(i32\) -> \(i32\), got \(i64\) -> \(i32\)",
    "old_import_global": WHERE + r": imports 'get-config' of 'spin-config', expected a function",
    "realloc_type": WHERE + r": canonical option `realloc` uses a core function with an incorrect signature at byte 0x[0-9a-f]+",
}


def encode(name, tmp_path, folder=FOLDER):
    tools = subprocess.run(["sh", "-c", f'. "{guests.ROOT}/tools/env.sh" && echo "$WASM_TOOLS"'], cwd=guests.ROOT, capture_output=True, text=True)
    wasm_tools = tools.stdout.strip()
    if not os.access(wasm_tools, os.X_OK):
        pytest.skip("wasm-tools is not there; run tools/setup")
    out = tmp_path / f"{name}.wasm"
    run = subprocess.run([wasm_tools, "parse", str(folder / f"{name}.wat"), "-o", str(out)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return out


def up(wasm, cache, tmp_path):
    """Runs to its end; a start that succeeds although it should not is a failure at once."""
    server = runner.Swell("-f", str(wasm), cwd=tmp_path, cache=cache, log=tmp_path / "swell.log")
    try:
        server.await_ready()
    except AssertionError:
        return server.process.wait(10), server.output, server.log()
    finally:
        server.kill()
    raise AssertionError(f"it was served:\n{server.output}")


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_the_reason(name, cache, tmp_path):
    code, output, log = up(encode(name, tmp_path), cache, tmp_path)
    assert code in (1, 2) and not output.strip(), (code, output)
    errors = [line for line in log.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and re.fullmatch("error: " + REFUSED[name], errors[0]), log
    assert not runner.NEVER.search(log)


def test_the_table_is_complete():
    assert {path.stem for path in FOLDER.glob("*.wat")} == set(REFUSED)


def test_what_sdks_import_without_need_is_linked_and_traps_when_called(cache, tmp_path):
    with runner.Swell("-f", str(encode("absent", tmp_path, FOLDER.parent / "served")), cwd=tmp_path, cache=cache, log=tmp_path / "swell.log") as server:
        server.expect_log(r"response\.none .*component=main")
        server.expect_log(r"guest\.trap component=main .*the component uses an interface that this host does not have "
                          r"\(in a call of spin:nowhere/keys@1\.0\.0 \[static\]bucket\.open\)")
        with Connection(server.port) as connection:
            assert connection.request("/").status == 500
            assert connection.request("/call").status == 500


def test_every_cut_of_a_component_is_refused(cache, tmp_path):
    """A file that was not written to its end: 40 cuts of a real component."""
    whole = guests.build("c").read_bytes()
    for part in range(1, 41):
        cut = tmp_path / "cut.wasm"
        cut.write_bytes(whole[:len(whole) * part // 41])
        code, _, log = up(cut, cache, tmp_path)
        assert code in (1, 2) and "error: component 'main'" in log, (part, code, log)


def test_a_bit_that_flipped_is_refused_or_served(cache, tmp_path):
    """40 flips in a real component: a message and status 1 or 2, or it starts; never a signal. Starting is told by a time-out."""
    whole = bytearray(guests.build("c").read_bytes())
    for n in range(40):
        at = len(whole) * n // 40 + n % 7
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (n % 8)
        path = tmp_path / "flipped.wasm"
        path.write_bytes(flipped)
        server = runner.Swell("-f", str(path), cache=cache, log=tmp_path / "flipped.log")
        try:
            server.await_ready()
            assert server.workers()
        except AssertionError:
            assert server.process.wait(5) in (1, 2), server.log()
        finally:
            server.kill()
        assert not runner.NEVER.search(server.log())
