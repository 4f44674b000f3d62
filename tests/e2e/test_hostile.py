"""A guest that misbehaves costs its own request, and nothing else: the process stays, the next request is served."""

import pytest

from client import Connection, Cut, get

LIMITS = ("--request-timeout", "500ms")


@pytest.fixture
def server(served):
    return served("hostile", *LIMITS)


def check_alive(server, workers):
    assert get(server.port).text == "well behaved\n"
    assert server.workers() == workers


@pytest.mark.parametrize("path, status", [
    ("/trap", 500), ("/exit/0", 500), ("/exit/1", 500), ("/deep", 500), ("/deep-calls", 500), ("/silent", 500),
    ("/forged", 500), ("/orphan", 500), ("/loop", 504), ("/sleep", 504), ("/amplify", 500), ("/timers", 504),
])
def test_before_it_answered(server, path, status):
    workers = server.workers()
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    assert get(server.port, path).status == status
    check_alive(server, workers)


def test_growing_without_end_is_refused(server):
    workers = server.workers()
    server.expect_log(r"limit\.memory component=main method=GET path=/hog limit_bytes=1073741824 used_bytes=\d+ asked_bytes=\d+")
    response = get(server.port, "/hog")
    assert (response.status, response.text) == (200, "refused after some growth\n")
    check_alive(server, workers)


def test_bodies_that_nobody_reads_are_refused(server):
    workers = server.workers()
    response = get(server.port, "/bodies")
    assert (response.status, response.text) == (200, "refused\n")
    check_alive(server, workers)


@pytest.mark.parametrize("path, body", [
    ("/half", b"half a body"), ("/half-loop", b"half a body"), ("/stale", b""), ("/overrun", b""), ("/wild", b""),
])
def test_after_its_answer_began_the_client_sees_it_cut(server, path, body):
    workers = server.workers()
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    try:
        response = get(server.port, path)
        # A head that has not left yet may still become a 500.
        assert (response.status, response.complete, response.body) == (200, False, body) or (response.status == 500 and not body)
    except Cut:
        assert not body
    check_alive(server, workers)


def test_setting_the_response_twice_keeps_the_first(server):
    workers = server.workers()
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    response = get(server.port, "/twice")
    assert (response.status, response.text) == (200, "once\n")
    check_alive(server, workers)


@pytest.mark.parametrize("how, status", [
    ("deep", 500), ("leave", 500), ("outside", 500), ("unaligned", 500), ("trap", 500), ("loop", 504),
])
def test_an_allocator_that_misbehaves(served, how, status):
    server = served(f"realloc-{how}", *LIMITS)
    workers = server.workers()
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    for _ in range(3):
        assert get(server.port).status == status
    assert server.workers() == workers


def test_a_guest_that_computes_does_not_stop_the_others(server):
    """A loop on one connection, while another is served between its slices."""
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    with Connection(server.port) as busy, Connection(server.port) as quick:
        busy.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
        for _ in range(20):
            assert quick.request("/").status == 200
        assert b"HTTP" not in busy.buffer
        assert busy.response().status == 504


def test_many_traps_leave_nothing_behind(server):
    server.expect_log(r"guest\.|response\.(none|cut)|limit\.time")
    workers = server.workers()
    with Connection(server.port) as connection:
        for _ in range(300):
            assert connection.request("/trap").status == 500
    check_alive(server, workers)
