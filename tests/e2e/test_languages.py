"""Every language answers: the programs of tests/languages, as commands and as HTTP components."""

import os

import pytest

from guests import ROOT
from languages import PROGRAMS, Unavailable
from swell import Swell


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda program: program.name)
def served(request, cache, tmp_path_factory):
    """A program and the server that runs it."""
    program = request.param
    if program.large and not os.environ.get("SWELL_LANGUAGES"):
        pytest.skip(f"{program.language} as {program.how} takes long; SWELL_LANGUAGES=1 has it tested")
    folder = tmp_path_factory.mktemp("language")
    try:
        program.lay_out(folder)
    except Unavailable as why:
        pytest.skip(str(why))
    with Swell("-f", str(folder), cache=cache, log=folder / "log") as server:
        yield program, server.port


def check(asked, program):
    response, right = asked
    assert (response.status, response.body) == (200, right)
    assert response.get("content-type") == "text/plain"
    assert response.get("x-language") == program.language


def test_answers(served):
    program, port = served
    check(program.ask(port), program)


def test_each_request_finds_a_fresh_program(served):
    program, port = served
    for words in (("alpha",), ("b", "c", "d"), ("alpha",)):
        check(program.ask(port, words=words, body=b"%s\n" % words[0].encode()), program)


def test_takes_utf_8_and_a_long_body(served):
    program, port = served
    body = "eine Zeile, ü\n".encode() + bytes(range(32, 127)) * 3000
    check(program.ask(port, method="PUT", word="größer", body=body), program)


def test_takes_a_request_without_a_body(served):
    program, port = served
    check(program.ask(port, method="GET", body=b""), program)


def test_the_page_has_every_program():
    page = (ROOT / "docs/languages.md").read_text()
    for program in PROGRAMS:
        assert f"| {program.language} | {'command' if program.how == 'command' else 'HTTP component'} |" in page, f"{program.name}: run tools/languages"
        assert f"| {program.note} |" in page, f"{program.name}: run tools/languages"
