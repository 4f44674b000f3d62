# The verbs of this project. Each sets up what it needs first (tools/setup: says what it installs; nothing to do the second time).
#
#   make          build, preset dev: warnings are errors
#   make run      build, and serve the sample application
#   make test     build, and run every test: lint that is quick, unit, fuzz corpora, unit under sanitizers, end to end
#   make asan     every unit test under address and undefined sanitizers
#   make lint     layout, room directions, sizes, clang-tidy, cppcheck
#   make cov      line coverage: a table; fails under 90 % of decoder, validator or ABI
#   make bench    the benchmark: a table, and JSON in build/bench
#   make fuzz     each fuzz target for a minute (FUZZ_SECONDS=60)
#   make clean    removes build/; what setup fetched stays in its cache
#
# LISTEN=127.0.0.1:3000 is where `make run` serves. WASMTIME_DIR names an unpacked C API archive of Wasmtime to be used.

LISTEN ?= 127.0.0.1:3000
FUZZ_SECONDS ?= 60

.PHONY: all help setup build run test asan lint cov bench fuzz clean
all: build

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

setup:
	@tools/setup

build: setup
	@tools/build dev

run: setup
	@tools/build dev swell
	@tools/build-sample
	@exec $$(tools/build --where dev)/swell up -f examples/cms --listen $(LISTEN)

test:
	@tools/setup --test
	@tools/test

asan:
	@tools/setup --test
	@tools/test asan

lint:
	@tools/setup --test
	@tools/build dev
	@tools/lint

cov:
	@tools/setup --test
	@tools/cov

bench:
	@tools/setup --test --bench
	@tools/build release swell floor load
	@bench/run.py

fuzz:
	@tools/setup --test
	@tools/fuzz $(FUZZ_SECONDS)

clean:
	rm -rf build examples/*/*.wasm examples/*/.spin
