"""conftest.py - fixtures of the end-to-end tests. They start the real program, and scan log and descriptors after each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import guests  # noqa: E402
import swell as runner  # noqa: E402


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """The AOT cache of the whole run, so that each guest is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def start(tmp_path, cache):
    """start("c", workers=2, env={...}) runs `swell up` with a guest, or with the arguments given as a list."""
    running = []

    def run(what, **options):
        args = ["-f", str(guests.build(what))] if isinstance(what, str) else what
        options.setdefault("cache", cache)
        options.setdefault("log", tmp_path / f"swell-{len(running)}.log")
        server = runner.Swell(*args, **options)
        running.append(server)
        return server

    yield run
    for server in running:
        server.kill()


@pytest.fixture(scope="module")
def served(cache, tmp_path_factory):
    """served("c", "--option", NAME="value"): one server for all tests of a file that leave it as it was; options of `swell up`, environment."""
    running = {}

    def get(name, *args, **options):
        key = (name, args, tuple(sorted(options.items())))
        if key not in running:
            server = runner.Swell("-f", str(guests.build(name)), *args, cache=cache,
                                  log=tmp_path_factory.mktemp("log") / f"{name}.log", env=dict(options))
            running[key] = server.__enter__()
        return running[key]

    yield get
    errors = []
    for server in running.values():
        try:
            server.__exit__(None, None, None)
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)
