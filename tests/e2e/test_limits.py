"""Limits of a request and admission: status, reason, the log line with its numbers; the next request and the neighbour go on."""

import os
import re
import selectors
import socket
import subprocess
import time

import pytest

import guests
import swell as runner
from client import Connection, Cut, get

LIMITS = {"time": '"2s"', "cpu_time": '"100ms"', "memory": '"2MiB"', "request_body": '"100B"', "response_body": '"10000B"'}


def write_manifest(folder, limited, application=None, guest="limits"):
    """Two components of the same guest: `limited` at /limited/..., `neighbour` at /neighbour/..."""
    wasm = guests.build("limits")
    limited_wasm = guests.build(guest)
    text = 'spin_manifest_version = 2\n\n[application]\nname = "limits"\n'
    for name in ("limited", "neighbour"):
        text += f'\n[[trigger.http]]\nroute = "/{name}/..."\ncomponent = "{name}"\n\n[component.{name}]\n'
        text += f'source = "{limited_wasm if name == "limited" else wasm}"\n'
    for table, limits in (("application", application), ("component.limited", limited)):
        if limits:
            text += f"\n[{table}.tool.swell.limits]\n" + "".join(f"{key} = {value}\n" for key, value in limits.items())
    path = folder / "spin.toml"
    path.write_text(text)
    return path


@pytest.fixture
def serve(start, tmp_path):
    def run(limited, *args, application=None, guest="limits", **options):
        return start(["-f", str(write_manifest(tmp_path, limited, application, guest)), *args], **options)
    return run


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    server = runner.Swell("-f", str(write_manifest(folder, LIMITS)), cache=cache, log=folder / "swell.log", workers=1)
    with server:
        yield server


def check_others(server, workers):
    assert get(server.port, "/limited/").text == "here\n"
    assert get(server.port, "/neighbour/").text == "here\n"
    assert server.workers() == workers


def wait_for(check, seconds=10):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.01)
    return check()


def line(event, path, rest, method="GET"):
    return rf"WARN worker.* trigger: {event} component=limited method={method} path={path} {rest}"


# ---- one request ----

@pytest.mark.parametrize("path, status, text, log", [
    ("/limited/spin", 504, "the component used up its CPU time of 100 ms\n",
     line(r"limit\.cpu_time", "/limited/spin", r"limit_ms=100 used_ms=1\d\d elapsed_ms=\d+")),
    ("/limited/sleep/60000", 504, "the request took longer than its limit of 2000 ms\n",
     line(r"limit\.time", "/limited/sleep/60000", r"limit_ms=2000 used_ms=2\d\d\d cpu_ms=\d+")),
    ("/limited/eat/100", 200, "could not\n",
     line(r"limit\.memory", "/limited/eat/100", r"limit_bytes=2097152 used_bytes=\d+ asked_bytes=\d{7}$")),
    ("/limited/announced/10001", 500, "the response body is over the limit of 10000 bytes\n",
     line(r"limit\.response_body", "/limited/announced/10001", "limit_bytes=10000 used_bytes=10001")),
    ("/limited/kept/10001", 500, "the response body is over the limit of 10000 bytes\n",
     line(r"limit\.response_body", "/limited/kept/10001", "limit_bytes=10000 used_bytes=10001")),
])
def test_a_limit_ends_its_own_request_with_a_reason(server, path, status, text, log):
    workers = server.workers()
    server.expect_log(log)
    server.allow_log(r"guest\.trap component=limited .*/announced/")
    with Connection(server.port) as connection:
        response = connection.request(path)
        assert (response.status, response.text, response.complete) == (status, text, True)
        assert status == 200 or response.get("content-type") == "text/plain; charset=utf-8"
        assert connection.request("/limited/").text == "here\n"
    assert wait_for(lambda: re.search(log, server.log(), re.M))
    check_others(server, workers)


def test_a_response_that_grows_over_its_limit_is_cut(server):
    workers = server.workers()
    server.expect_log(line(r"limit\.response_body", "/limited/bytes/50000", r"limit_bytes=10000 used_bytes=1\d{4}$"))
    try:
        response = get(server.port, "/limited/bytes/50000")
        assert response.status == 200 and not response.complete and len(response.body) <= 10000
    except Cut:
        pass
    check_others(server, workers)


def post_chunked(port, path, size):
    with Connection(port) as connection:
        connection.send(f"POST {path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        connection.send(b"32\r\n%s\r\n" % (b"a" * 50))
        connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (size - 50, b"a" * (size - 50)))
        return connection.response()


def test_a_request_body_over_its_limit_is_413(server):
    workers = server.workers()
    reason = "the request body is over the limit of 100 bytes\n"
    server.expect_log(line(r"limit\.request_body", "/limited/read", "limit_bytes=100 used_bytes=101", "POST"))
    server.expect_log(line(r"limit\.request_body", "/limited/read", "limit_bytes=100 used_bytes=50", "POST"))
    server.expect_log(line(r"limit\.request_body", "/limited/caught", "limit_bytes=100 used_bytes=50", "POST"))
    server.expect_log(r"guest\.trap component=limited method=POST path=/limited/read")  # reading failed half-way
    announced = get(server.port, "/limited/read", method="POST", body=b"a" * 101)
    assert (announced.status, announced.text) == (413, reason)
    chunked = post_chunked(server.port, "/limited/read", 101)
    assert (chunked.status, chunked.text) == (413, reason)
    caught = post_chunked(server.port, "/limited/caught", 101)
    assert (caught.status, caught.text) == (400, "caught")  # a guest that handles it has the word
    check_others(server, workers)


def test_what_is_within_the_limits_is_served(server):
    assert get(server.port, "/limited/read", method="POST", body=b"a" * 100).text == "100"
    assert post_chunked(server.port, "/limited/read", 100).text == "100"
    assert len(get(server.port, "/limited/bytes/10000").body) == 10000
    assert len(get(server.port, "/limited/announced/10000").body) == 10000
    assert get(server.port, "/limited/eat/5").text == "could\n"
    assert get(server.port, "/limited/sleep/50").text == "slept\n"


def test_the_neighbour_has_limits_of_its_own(server):
    assert get(server.port, "/neighbour/eat/100").text == "could\n"
    assert len(get(server.port, "/neighbour/bytes/100000").body) == 100000
    assert get(server.port, "/neighbour/read", method="POST", body=b"a" * 1000).text == "1000"
    assert get(server.port, "/neighbour/sleep/2500").text == "slept\n"


def test_different_time_limits_end_in_their_own_order(serve):
    """A short limit behind a long one, and the other way round: one timer watches both."""
    with serve({"time": '"300ms"'}, application={"time": '"1200ms"'}) as server:
        server.expect_log(r"limit\.time component=limited .* limit_ms=300 ")
        server.expect_log(r"limit\.time component=neighbour .* limit_ms=1200 ")
        with Connection(server.port) as long, Connection(server.port) as short:
            for connection, path in ((long, "neighbour"), (short, "limited")):
                connection.send(f"GET /{path}/sleep/60000 HTTP/1.1\r\nhost: a\r\n\r\n".encode())
            assert short.response().text == "the request took longer than its limit of 300 ms\n"
            assert not long.buffer
            short.send(b"GET /limited/sleep/60000 HTTP/1.1\r\nhost: a\r\n\r\n")
            assert short.response().status == 504
            assert long.response().text == "the request took longer than its limit of 1200 ms\n"
            assert short.request("/limited/sleep/60000").status == 504


def test_options_cap_components_and_components_beat_the_application(serve):
    args = ["--max-instance-memory", "4MiB", "--request-timeout", "400ms"]
    with serve({"memory": '"2MiB"', "time": '"1m"'}, *args, application={"memory": '"1MiB"'}) as server:
        for pattern in (r"limit\.memory component=limited .* limit_bytes=2097152 ", r"limit\.memory component=neighbour .* limit_bytes=1048576 ",
                        r"limit\.time component=limited .* limit_ms=400 ", r"limit\.time component=neighbour .* limit_ms=400 "):
            server.expect_log(pattern)
        for name in ("limited", "neighbour"):
            assert get(server.port, f"/{name}/eat/100").text == "could not\n"
            assert get(server.port, f"/{name}/sleep/60000").status == 504


def test_a_component_that_cannot_begin_within_its_limit_is_named_at_the_start(serve):
    with serve({"memory": '"64KiB"'}) as server:
        server.expect_log(r"limit\.memory component=limited limit_bytes=65536 initial_bytes=\d+: it cannot be instantiated")
        server.expect_log(r"request\.failed component=limited a memory of \d+ bytes passes the limit of 65536")
        assert get(server.port, "/limited/").status == 500
        assert get(server.port, "/neighbour/").text == "here\n"


def test_the_start_says_when_the_system_gives_less_than_is_asked_for(serve):
    if int(open("/proc/sys/vm/max_map_count").read()) > 6 * 16384:
        pytest.skip("this system gives enough mappings for 16,384 requests")
    with serve({"concurrency": 16384}) as server:
        server.expect_log(r"limit\.mappings component=limited concurrency=16384 possible=\d+: .* hint: sysctl -w vm\.max_map_count=\d+")
        assert get(server.port, "/limited/").text == "here\n"


@pytest.mark.parametrize("limit, message", [
    ('time = "30"', 'time: expected a time from "1ms" to "24h", got the string \'30\''),
    ("concurrency = 0", "concurrency: expected a number from 1 to 16384, got the integer 0"),
])
def test_what_is_no_limit_is_refused_with_its_place(tmp_path, limit, message):
    path = write_manifest(tmp_path, dict([limit.split(" = ")]))
    number = 1 + path.read_text().split(limit)[0].count("\n")
    run = subprocess.run([str(runner.program()), "up", "-f", str(path)], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "HOME": str(tmp_path)})
    assert run.returncode == 2
    assert f"error: {path}:{number}:{limit.index('=') + 3}: {message}" in run.stderr


# ---- all requests of a worker together ----

MIB = 1 << 20
WORKER_MIB = 256
OVERHEAD_MIB = 64  # a worker with nothing to do has about 30, and 50 requests' stacks and connections


def test_what_the_host_holds_for_requests_is_limited_for_the_worker(serve):
    """80 requests make the host keep 7 MB each, in little memory of their own: three times what the worker may have."""
    with serve({"time": '"20s"'}, "--max-worker-memory", f"{WORKER_MIB}MiB") as server:
        server.expect_log(rf"WARN worker.* trigger: limit\.memory component=limited method=GET path=/limited/objects/3000 "
                          rf"worker_limit_bytes={WORKER_MIB * MIB} held_bytes=\d+ worker_asked_bytes=\d+$")
        (worker,) = server.workers()
        before = runner.rss_bytes(worker)
        keepers = [Connection(server.port) for _ in range(80)]
        for keeper in keepers:
            keeper.send(b"GET /limited/objects/3000 HTTP/1.1\r\nhost: a\r\n\r\n")
        most = 0
        for _ in range(20):
            assert get(server.port, "/neighbour/").text == "here\n"
            most = max(most, runner.rss_bytes(worker) - before)
        statuses = [keeper.response().status for keeper in keepers]
        most = max(most, runner.rss_bytes(worker) - before)
        assert set(statuses) == {200, 503}, statuses
        assert statuses.count(200) >= WORKER_MIB // 2 // 7
        assert most < (WORKER_MIB + OVERHEAD_MIB) * MIB
        assert get(server.port, "/limited/objects/0").text == "kept\n"


def test_what_all_requests_hold_is_limited_for_the_worker(serve):
    with serve({"time": '"20s"'}, "--max-worker-memory", f"{WORKER_MIB}MiB") as server:
        server.expect_log(rf"WARN worker.* trigger: limit\.memory component=limited method=GET path=/limited/hog/1500 "
                          rf"worker_limit_bytes={WORKER_MIB * MIB} held_bytes=\d+ worker_asked_bytes=\d+$")
        workers = server.workers()
        assert get(server.port, "/limited/").text == get(server.port, "/neighbour/").text == "here\n"
        for _ in range(2):  # what the first ones held is free for the next
            growers = [Connection(server.port) for _ in range(50)]
            for grower in growers:
                grower.send(b"GET /limited/hog/1500 HTTP/1.1\r\nhost: a\r\n\r\n")
            assert wait_for(lambda: runner.rss_bytes(workers[0]) > WORKER_MIB * MIB * 3 // 4)
            most = 0
            for _ in range(10):
                assert get(server.port, "/neighbour/").text == "here\n"
                assert get(server.port, "/neighbour/eat/1").text == "could\n"  # a little is there for everybody
                most = max(most, runner.rss_bytes(workers[0]))
                time.sleep(0.05)
            got = []
            for grower in growers:
                response = grower.response()
                assert response.status == 200
                got.append(int(response.text))
                most = max(most, runner.rss_bytes(workers[0]))
                grower.socket.close()
            assert most < (WORKER_MIB + OVERHEAD_MIB) * MIB
            assert WORKER_MIB // 2 <= sum(got), got  # stacks and what ended requests held is in the way of some
        assert int(get(server.port, "/neighbour/hog/0").text) >= WORKER_MIB * 3 // 4
        server.allow_log(r"limit\.memory component=neighbour .* path=/neighbour/hog/0 worker_limit_bytes=")
        check_others(server, workers)


def test_writing_to_memory_that_was_there_from_the_start_counts(serve):
    """Declaring 64 MiB costs nothing, or these 20 could not begin; writing to them does. One of them may be over before it is noticed."""
    with serve({"time": '"20s"'}, "--max-worker-memory", f"{WORKER_MIB}MiB", guest="limits-hall") as server:
        server.expect_log(rf"WARN worker.* trigger: limit\.memory component=limited method=GET path=/limited/fill/1000 worker_limit_bytes={WORKER_MIB * MIB} ")
        workers = server.workers()
        fillers = [Connection(server.port) for _ in range(20)]
        for filler in fillers:
            filler.send(b"GET /limited/fill/1000 HTTP/1.1\r\nhost: a\r\n\r\n")
        most, statuses = 0, []
        for filler in fillers:
            assert get(server.port, "/neighbour/").text == "here\n"
            most = max(most, runner.rss_bytes(workers[0]))
            statuses.append(filler.response().status)
            filler.socket.close()
        assert set(statuses) == {200, 503}, statuses
        assert most < (WORKER_MIB + OVERHEAD_MIB + 64) * MIB
        check_others(server, workers)


def test_a_worker_limit_that_is_none_is_refused(tmp_path):
    path = write_manifest(tmp_path, {})
    run = subprocess.run([str(runner.program()), "up", "-f", str(path), "--max-worker-memory", "1MiB"], capture_output=True, text=True,
                         timeout=60, env={**os.environ, "HOME": str(tmp_path)})
    assert run.returncode == 2
    assert "--max-worker-memory: expected a size from 16MiB to 1024GiB, got '1MiB'" in run.stderr


# ---- many requests ----

def hold(connections, path):
    for connection in connections:
        connection.send(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        time.sleep(0.05)  # so that they come in this order


def open_connections(server, count):
    """Connections that the worker has accepted."""
    connections = [Connection(server.port) for _ in range(count)]
    for connection in connections:
        assert connection.request("/neighbour/").status == 200
    return connections


def test_beyond_concurrency_requests_wait_and_beyond_the_queue_they_are_refused(serve):
    with serve({"concurrency": 2, "queue": 2}) as server:
        server.expect_log(r"limit\.concurrency component=limited running=2 concurrency=2 waiting=2 queue=2 refused=1 waited_too_long=0 ")
        *held, late = open_connections(server, 5)
        hold(held, "/limited/sleep/800")
        refused = late.request("/limited/")
        assert (refused.status, refused.get("retry-after")) == (503, "1")
        assert refused.text == "too many requests at once; try again in 1 s\n"
        assert late.request("/neighbour/").text == "here\n"
        assert [connection.response().text for connection in held] == ["slept\n"] * 4
        assert late.request("/limited/").text == "here\n"


def test_a_worker_whose_queue_is_full_leaves_new_connections_to_the_other(serve):
    """Four requests for two workers with two places each: with room somewhere none need be refused."""
    with serve({"concurrency": 1, "queue": 1}, workers=2) as server:
        server.allow_log(r"limit\.concurrency component=limited ")
        all_served = 0
        for _ in range(10):
            connections = []
            for _ in range(4):
                connections.append(Connection(server.port))
                connections[-1].send(b"GET /limited/sleep/300 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                time.sleep(0.01)
            statuses = [connection.response().status for connection in connections]
            assert set(statuses) <= {200, 503}
            all_served += statuses == [200] * 4
        assert all_served  # of a busy machine's ten tries: it would never happen without


def test_who_leaves_while_waiting_makes_room(serve):
    with serve({"concurrency": 1, "queue": 1}) as server:
        running, waiting, late = open_connections(server, 3)
        hold([running, waiting], "/limited/sleep/1000")
        waiting.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        waiting.socket.close()
        time.sleep(0.2)
        assert late.request("/limited/").text == "here\n"  # waited, was not refused
        assert running.response().text == "slept\n"


def test_time_spent_waiting_counts(serve):
    with serve({"concurrency": 1, "queue": 5, "time": '"600ms"'}) as server:
        server.expect_log(r"limit\.time component=limited .* limit_ms=600 used_ms=6\d\d ")
        server.allow_log(r"limit\.concurrency component=limited .* waited_too_long=")
        first, second = open_connections(server, 2)
        begin = time.monotonic()
        hold([first, second], "/limited/sleep/60000")
        assert first.response().status == 504
        assert second.response().status in (503, 504)
        assert time.monotonic() - begin < 1.1  # not one after the other


def test_waiting_requests_of_a_closing_server_are_answered(serve):
    with serve({"concurrency": 1, "queue": 10}) as server:
        connections = open_connections(server, 4)
        hold(connections, "/limited/sleep/200")
        assert server.stop() == 0
        assert [connection.response().text for connection in connections] == ["slept\n"] * 4


def test_a_flooded_component_does_not_keep_its_neighbour_waiting(serve):
    """Counted: how many of the flood's 60 requests were answered before the neighbour's ten were, one after the other."""
    flood_size, turns = 60, 10
    with serve(None, application={"concurrency": 1, "queue": 100}) as server:
        *flood, quiet = open_connections(server, flood_size + 1)
        for connection in flood:
            connection.send(b"GET /limited/work/4000 HTTP/1.1\r\nhost: a\r\n\r\n")
        for _ in range(turns):
            assert quiet.request("/neighbour/work/4000").text == "worked\n"
        selector = selectors.DefaultSelector()
        for connection in flood:
            selector.register(connection.socket, selectors.EVENT_READ)
        answered = len(selector.select(0))
        print(f"{answered} of the flood were answered before the neighbour's {turns}")
        assert answered <= 3 * turns
        assert all(connection.response().text == "worked\n" for connection in flood)


class Offer:
    """Sends requests at a rate over many connections, in one thread; counts the answers by status."""

    def __init__(self, port, path, count):
        self.request = f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        self.selector = selectors.DefaultSelector()
        self.idle = [Connection(port) for _ in range(count)]
        self.sent, self.statuses, self.busy = 0, {}, 0
        for connection in self.idle:
            self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def collect(self, seconds):
        for key, _ in self.selector.select(max(seconds, 0)):
            status = key.data.response().status
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.busy -= 1
            self.idle.append(key.data)

    def run(self, seconds, rate=None):
        begin = now = time.monotonic()
        while now - begin < seconds:
            due = len(self.idle) if rate is None else min(len(self.idle), int((now - begin) * rate) - self.sent)
            for _ in range(due):
                connection = self.idle.pop(0)
                connection.send(self.request)
                self.sent += 1
                self.busy += 1
            self.collect(0.001)
            now = time.monotonic()
        while self.busy:
            self.collect(10)
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()
        return self.statuses.get(200, 0) / seconds


def test_overload_costs_only_what_is_refused(serve):
    """Three times as much as the worker can do. Numbers are reported, only the kinds of answers are asserted."""
    seconds = float(os.environ.get("SWELL_OVERLOAD_SECONDS", "2"))
    with serve({"concurrency": 4, "queue": 16}) as server:
        server.allow_log(r"limit\.concurrency component=limited ")
        path = "/limited/work/1000"
        peak = Offer(server.port, path, 4).run(seconds)
        offer = Offer(server.port, path, 200)
        goodput = offer.run(seconds, rate=3 * peak)
        print(f"peak {peak:.0f}/s; offered {offer.sent / seconds:.0f}/s, served {goodput:.0f}/s ({100 * goodput / peak:.0f} %), {offer.statuses}")
        assert set(offer.statuses) <= {200, 503} and offer.statuses[200] > 0
        assert sum(offer.statuses.values()) == offer.sent
        assert get(server.port, path).status == 200
