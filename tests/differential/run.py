#!/usr/bin/python3
"""run - builds the validator of wasm-tools as a test oracle and compares it with ours on mutated components.

    run.py MUTANTS BUILD COUNT SEED [SAVE]

MUTANTS is the program, BUILD the build folder, whose converted conformance vectors are taken into the corpus when they are there; SAVE a
folder for the smallest example of each new disagreement. The oracle is built by cargo, once, into the cache of tools/setup.
Exit code 77: skipped, and why is printed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = [ROOT / "tests/fuzz/corpus/component_decode", ROOT / "tests/unit/component/data"]
ORACLE = HERE / "validate_oracle"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def oracle():
    cache = Path(os.environ.get("SWELL_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swell")
    sources = [ORACLE / name for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    kept = cache / f"validate-oracle-{digest}"
    if kept.exists():
        return kept
    cargo = shutil.which("cargo")
    if not cargo:
        skip("no cargo: what wasm-tools says of mutated components cannot be asked (any Rust from 1.85 on has it)")
    target = cache / "validate-oracle.build"
    made = subprocess.run([cargo, "build", "--release", "--locked", "--quiet", "--manifest-path", str(ORACLE / "Cargo.toml"),
                           "--target-dir", str(target)], capture_output=True, text=True)
    if made.returncode:
        skip("cargo could not build tests/differential/validate_oracle: " + (made.stderr.strip().splitlines() or ["no reason given"])[-1])
    partial = kept.with_suffix(f".{os.getpid()}")
    shutil.copy2(target / "release/swell-validate-oracle", partial)
    partial.rename(kept)
    shutil.rmtree(target, ignore_errors=True)
    return kept


def main():
    mutants, build, count, seed = sys.argv[1:5]
    save = sys.argv[5] if len(sys.argv) > 5 else ""
    corpus = [*CORPUS, Path(build) / "conformance"]
    command = [mutants, str(oracle()), count, seed, str(HERE / "known.txt"), save]
    return subprocess.run([*command, *(str(folder) for folder in corpus if folder.is_dir())]).returncode


if __name__ == "__main__":
    sys.exit(main())
