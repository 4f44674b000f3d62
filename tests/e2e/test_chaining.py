"""Service chaining, spin.md 2.8: a component's requests to http://<id>.spin.internal reach that component of the same application in the same
process. The caller is the guest of test_outgoing.py, which asks for what its own request says."""

import os
import time

import pytest

import guests
from client import Connection
from test_outgoing import ask

MANIFEST = """spin_manifest_version = 2
[application]
name = "chaining"
version = "1.0.0"
{extra}
[[trigger.http]]
route = "/..."
component = "front"
[component.front]
source = "{outgoing}"
allowed_outbound_hosts = {hosts}

[[trigger.http]]
route = {{ private = true }}
component = "shows-headers"
[component.shows-headers]
source = "{headers}"

[[trigger.http]]
route = "/cgi/..."
component = "cgi"
executor = {{ type = "wagi" }}
[component.cgi]
source = "{wagi}"

[[trigger.http]]
route = {{ private = true }}
component = "limited"
[component.limited]
source = "{limits}"
[component.limited.tool.swell.limits]
concurrency = 1
queue = 1
time = "1s"

[component.no-trigger]
source = "{headers}"
"""


def manifest(folder, hosts, extra=""):
    path = folder / "spin.toml"
    names = {name: guests.build(name) for name in ("outgoing", "headers", "wagi", "limits")}
    path.write_text(MANIFEST.format(hosts=str(hosts).replace("'", '"'), extra=extra, **names))
    return path


@pytest.fixture
def serve(start, tmp_path):
    def run(hosts, *args, extra="", **options):
        return start(["-f", str(manifest(tmp_path, hosts, extra)), *args], **options)
    return run


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def to(component, path="/", **more):
    fields = {"x-scheme": "http", "x-authority": f"{component}.spin.internal", "x-path": path, "x-body": "none"}
    return {**fields, **{name.replace("_", "-"): str(value) for name, value in more.items()}}


def test_a_private_component_is_reached_and_told_who_asks(serve):
    with serve(["http://shows-headers.spin.internal"]) as server:
        headers, body = ask(server, to("shows-headers", "/a/b%20c/?q=1", x_send="x-mine: yes"))
        assert headers["x-status"] == "200"
        got = dict(line.split("=", 1) for line in body.decode().splitlines())
        assert got == {
            "x-mine": "yes", "spin-path-info": "/a/b%20c/", "spin-full-url": "http://shows-headers.spin.internal/a/b%20c/?q=1",
            "spin-matched-route": "/...", "spin-base-path": "/", "spin-raw-component-route": "/...", "spin-component-route": "",
            "spin-client-addr": "0.0.0.0:0",
        }
        with Connection(server.port) as connection:  # from outside it is not there: the front answers what has no other route
            assert connection.request("/plain").text == "plain"


def test_the_own_paths_of_the_host_are_the_components(serve):
    with serve(["http://*.spin.internal"]) as server:
        _, body = ask(server, to("shows-headers", "/.well-known/spin/health"))
        assert b"spin-path-info=/.well-known/spin/health\n" in body


def test_a_command_is_reached_as_well(serve):
    with serve(["http://*.spin.internal"]) as server:
        _, body = ask(server, to("cgi", "/env?x=1"))
        env = dict(line.split("=", 1) for line in body.decode().splitlines() if "=" in line)
        assert {name: env[name] for name in ("PATH_INFO", "X_MATCHED_ROUTE", "X_RAW_COMPONENT_ROUTE", "SCRIPT_NAME", "REMOTE_ADDR", "QUERY_STRING")} == {
            "PATH_INFO": "/env", "X_MATCHED_ROUTE": "/...", "X_RAW_COMPONENT_ROUTE": "/...", "SCRIPT_NAME": "", "REMOTE_ADDR": "0.0.0.0",
            "QUERY_STRING": "x=1"}


def test_bodies_are_streamed_both_ways(serve):
    """Through two requests: the front sends what it was sent to the front, which sends it on. Larger than every buffer on the way."""
    sent = bytes(range(256)) * 16384
    with serve(["http://*.spin.internal"]) as server:
        headers, body = ask(server, {**to("limited", "/x/read"), "x-method": "POST", "x-body": ""}, body=sent)
        assert (headers["x-status"], body) == ("200", str(len(sent)).encode())
        _, body = ask(server, to("limited", "/x/bytes/3000000"))
        assert len(body) == 3000000
        _, slow = ask(server, to("limited", "/x/bytes/300000", x_read="slow"))
        assert len(slow) == 300000


@pytest.mark.parametrize("hosts", [[], ["http://cgi.spin.internal"], ["https://shows-headers.spin.internal"],
                                   ["http://shows-headers.spin.internal:81"], ["http://self"]])
def test_what_the_manifest_does_not_name_is_denied(serve, hosts):
    with serve(hosts) as server:
        headers, _ = ask(server, to("shows-headers"))
        assert headers["x-error"] == "HTTP-request-denied"


def test_a_component_without_trigger_traps_the_caller(serve):
    with serve(["http://*:*"]) as server:
        server.expect_log(r"guest\.trap component=front .*no component 'no-trigger' answers HTTP requests in this application")
        with Connection(server.port) as connection:
            fields = [(name, value) for name, value in to("no-trigger").items()]
            assert connection.request("/", fields=fields).status == 500
            fields = [(name, value) for name, value in to("shows-headers").items()]
            assert connection.request("/", fields=fields).status == 200


def test_requests_that_go_in_circles_end(serve):
    """The front asks itself with the fields that it was sent, for ever."""
    with serve(["http://front.spin.internal"]) as server:
        headers, _ = ask(server, to("front", x_forward="yes"))
        assert headers["x-status"] == "200"
        last = [name for name in headers if name.endswith("x-error")]
        assert [headers[name] for name in last] == ["loop-detected"]
        assert last[0].count("x-got-") == 16


def test_limits_and_queue_of_the_target_count(serve):
    with serve(["http://*.spin.internal"]) as server:
        server.allow_log(r"limit\.(time|concurrency) component=limited ")
        headers, body = ask(server, to("limited", "/x/sleep/60000"))
        assert (headers["x-status"], body) == ("504", b"the request took longer than its limit of 1000 ms\n")
        headers, _ = ask(server, to("limited", "/x/sleep/300", x_parallel=8))
        assert headers["x-good"] == "8"  # answers, whatever they are
        headers, body = ask(server, to("limited", "/"))
        assert (headers["x-status"], body) == ("200", b"here\n")


def test_many_one_after_the_other_leave_nothing(serve):
    with serve(["http://*.spin.internal"]) as server:
        worker = server.workers()[0]
        ask(server, to("shows-headers", x_count=50))
        before = descriptors(worker)
        for _ in range(20):
            ask(server, to("shows-headers", x_count=50))
            ask(server, to("limited", "/", x_parallel=2))
        assert descriptors(worker) <= before + 1  # the connection of the last request may be there yet


def test_a_caller_that_ends_is_a_client_that_leaves(serve):
    """The target sleeps on as it does when a client leaves (docs/limits.md), and ends at its own limit: then its only place is free."""
    with serve(["http://*.spin.internal"], extra='[component.front.tool.swell.limits]\ntime = "300ms"\n') as server:
        server.expect_log(r"limit\.time component=front ")
        server.expect_log(r"limit\.time component=limited ")
        with Connection(server.port) as connection:
            fields = [(name, value) for name, value in to("limited", "/x/sleep/60000").items()]
            assert connection.request("/", fields=fields).status == 504
            time.sleep(1)
            fields = [(name, value) for name, value in to("limited", "/").items()]
            assert connection.request("/", fields=fields).text == "here\n"
