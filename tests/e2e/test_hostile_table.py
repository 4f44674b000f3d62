"""Hostile guests, one row each: the exact answer, the log line, and that the same guest, its neighbour and its worker go on."""

import re
import time

import pytest

import guests
import swell as runner
from client import Connection, Cut, get

LIMIT_MS = 400
LOG_SECONDS = 5  # a guest that loops after its answer is logged when its time is over
NEIGHBOUR = "Hello from C on Swell\n"

# ---- answers: (status, body, complete); a body of None is not compared ----


def whole(body, status=200):
    return (status, body, True)


def cut(body):
    return (200, body, False)


FAILED, BUSY = (500, b"", True), (503, b"too many requests at once; try again in 1 s\n", True)
TIMED_OUT = (504, f"the request took longer than its limit of {LIMIT_MS} ms\n".encode(), True)
REFUSED, EMPTY = whole(b"refused\n"), whole(b"")

# ---- log lines ----


def trap(kind, text=""):
    return rf"guest\.trap component=ID method=POST path=PATH kind={kind}: {text}"


def model(text):
    return trap("component model violation", text)


def host(text):
    return trap("host refused", text)


def unknown(index):
    return model(rf"unknown handle index {index}\b")


UNREACHABLE = trap("unreachable", "the guest executed 'unreachable'")
OUTSIDE = trap("memory out of bounds", "memory access out of bounds")
TABLE = trap("table out of bounds", "table access out of bounds")
STACK = trap("stack overflow", "the guest's call stack is exhausted")
TIMEOUT = rf"limit\.time component=ID method=POST path=PATH limit_ms={LIMIT_MS} used_ms=\d+ cpu_ms=\d+"
MEMORY = r"limit\.memory component=ID method=POST path=PATH limit_bytes=1073741824 used_bytes=\d+ asked_bytes=\d+"
NONE = r"response\.none component=ID method=[A-Z]+ path=\S+: the handler set no response"
ERROR = r"response\.error component=ID method=[A-Z]+ path=\S+: the handler set an error, or a response that cannot be sent: the client got 500"
BROKEN = r"response\.cut component=ID method=[A-Z]+ path=\S+: the handler ended before its response did"
OBJECTS = host("no memory for one more host object, or they are over 8388608 bytes")
FIELDS = host("fields are over 131072 bytes")
NO_UTF8 = model("string is invalid utf-8")
INSIDE = model("cannot leave component instance 0 during realloc or post-return")

# name: answer, log lines in order. The name is a function of tests/guests/hostile/zoo*.
ZOO = {
    # what the engine traps
    "unreachable": (FAILED, [UNREACHABLE]),
    "load_outside": (FAILED, [OUTSIDE]),
    "store_outside": (FAILED, [OUTSIDE]),
    "load_at_the_top": (FAILED, [OUTSIDE]),
    "fill_outside": (FAILED, [OUTSIDE]),
    "copy_outside": (FAILED, [OUTSIDE]),
    "table_outside": (FAILED, [TABLE]),
    "call_null": (FAILED, [trap("indirect call to null", "call through an empty table entry")]),
    "call_wrong_type": (FAILED, [trap("indirect call type mismatch", "indirect call of a function of another type")]),
    "divide_by_zero": (FAILED, [trap("integer division by zero")]),
    "remainder_of_zero": (FAILED, [trap("integer division by zero")]),
    "divide_overflow": (FAILED, [trap("integer overflow")]),
    "convert_nan": (FAILED, [trap("invalid conversion to integer")]),
    "convert_large": (FAILED, [trap("integer overflow")]),
    "recurse": (FAILED, [STACK]),
    "recurse_with_host": (FAILED, [STACK]),
    "trap_after_head": (cut(b"half"), [UNREACHABLE, BROKEN]),
    "trap_after_answer": (whole(b"whole\n"), [UNREACHABLE]),
    # time
    "loop_before": (TIMED_OUT, [TIMEOUT]),
    "loop_after_head": (cut(b"half"), [TIMEOUT]),
    "loop_after_answer": (whole(b"whole\n"), [TIMEOUT]),
    "loop_by_waiting": (TIMED_OUT, [TIMEOUT]),
    "loop_in_host": (TIMED_OUT, [TIMEOUT]),
    "sleep_for_ever": (TIMED_OUT, [TIMEOUT]),
    "sleep_after_head": (cut(b"half"), [TIMEOUT]),
    "random_in_a_loop": (TIMED_OUT, [TIMEOUT]),
    "print_for_ever": (TIMED_OUT, [TIMEOUT]),
    "body_for_ever": (cut(None), [TIMEOUT]),
    "body_before_set": (TIMED_OUT, [TIMEOUT]),
    # exits
    "exit_ok": (FAILED, [trap("exit", "the guest exited with success")]),
    "exit_error": (FAILED, [trap("exit", "the guest exited with a failure")]),
    "exit_strangely": (FAILED, [model("invalid variant discriminant 2, there are 2 cases")]),
    "exit_after_answer": (whole(b"whole\n"), [trap("exit", "the guest exited with a failure")]),
    # memory
    "grow_at_once": (REFUSED, [MEMORY]),
    "grow_by_pages": (REFUSED, [MEMORY]),
    "make_fields_for_ever": (FAILED, [OBJECTS]),
    "make_pollables_for_ever": (FAILED, [OBJECTS]),
    "clone_large_fields_for_ever": (FAILED, [OBJECTS]),
    "fill_bodies_for_ever": (FAILED, [host("")]),
    # handles
    "forged_request": (FAILED, [unknown(5001)]),
    "forged_outparam": (FAILED, [unknown(5002)]),
    "forged_fields": (FAILED, [unknown(5000)]),
    "forged_stream": (FAILED, [unknown(5000)]),
    "forged_pollable": (FAILED, [unknown(5000)]),
    "forged_in_list": (FAILED, [unknown(5000)]),
    "handle_zero": (FAILED, [unknown(0)]),
    "handle_negative": (FAILED, [unknown(4294967295)]),
    "request_as_fields": (FAILED, [model("handle index 1 used with the wrong type")]),
    "outparam_as_stream": (FAILED, [model("handle index 2 used with the wrong type")]),
    "fields_as_response": (FAILED, [model("handle index 3 used with the wrong type")]),
    "input_as_output": (FAILED, [model("handle index 4 used with the wrong type")]),
    "drop_as_other_type": (FAILED, [model("handle index 3 used with the wrong type")]),
    "drop_twice": (FAILED, [unknown(1)]),
    "use_after_drop": (FAILED, [unknown(3)]),
    "use_after_given": (cut(b""), [unknown(3), BROKEN]),
    "response_after_set": (EMPTY, [unknown(3)]),
    "drop_body_before_stream": (FAILED, [NONE]),
    "finish_body_before_stream": (FAILED, [host("incoming-body.finish: its input-stream is still alive")]),
    "drop_outgoing_before_stream": (cut(b""), [BROKEN]),
    "finish_outgoing_before_stream": (cut(b""), [host("outgoing-body.finish: its output-stream is still alive"), BROKEN]),
    "drop_stream_before_pollable": (cut(b""), [BROKEN]),
    "drop_request_before_headers": (FAILED, [NONE]),
    "give_response_before_headers": (EMPTY, []),
    "give_owned_twice_in_one_call": (cut(b""), [unknown(3), BROKEN]),
    "splice_forged": (cut(b""), [unknown(5000), BROKEN]),
    "drop_outparam": (FAILED, [NONE]),
    # arguments
    "string_outside": (FAILED, [model("string content out-of-bounds")]),
    "string_length_wraps": (FAILED, [model("string of 4294967295 bytes is over the limit of 268435455")]),
    "value_outside": (FAILED, [model(r"list content out-of-bounds: 0xfffffff0 \+ 64 in memory of")]),
    "list_huge": (FAILED, [model("list of 4294967312 bytes is over the limit of 268435455")]),
    "list_outside": (FAILED, [model("list of 68719476720 bytes is over the limit of 268435455")]),
    "list_unaligned": (FAILED, [model("unaligned pointer 0x401 of a list, not a multiple of 4")]),
    "list_of_strings_outside": (FAILED, [model(r"list content out-of-bounds: 0xfffffff0 \+ 100 in memory of")]),
    "list_of_the_same_megabyte": (FAILED, [model("strings and lists of one call are over the limit of 268435456 bytes together")]),
    "result_outside": (FAILED, [model(r"0xfffffff0 \+ 2 is out of bounds of memory of")]),
    "result_unaligned": (FAILED, [model("unaligned pointer 0x[0-9a-f]+, not a multiple of 4")]),
    "text_not_utf8": (FAILED, [NO_UTF8]),
    "text_surrogate": (FAILED, [NO_UTF8]),
    "text_cut_off": (FAILED, [NO_UTF8]),
    "option_of_seven": (cut(b""), [model("invalid variant discriminant 7, there are 2 cases"), BROKEN]),
    "result_of_two": (FAILED, [model("invalid variant discriminant 2, there are 2 cases")]),
    "error_case_of_thousand": (FAILED, [model("invalid variant discriminant 1000, there are 39 cases")]),
    "method_case_of_seventy": (FAILED, [model("invalid variant discriminant 70, there are 10 cases")]),
    "method_not_a_token": (REFUSED, []),
    "authority_with_line_end": (REFUSED, []),
    "random_of_exbibytes": (FAILED, [host("9223372036854775808 random bytes at once are over the limit of 1048576")]),
    "random_of_everything": (FAILED, [host("18446744073709551615 random bytes at once are over the limit of 1048576")]),
    "poll_nothing": (FAILED, [host("poll: the list is empty")]),
    "poll_too_many": (FAILED, [host("poll: 100000 pollables are over the limit of 4096")]),
    "poll_huge_list": (FAILED, [model("list of 4294967300 bytes is over the limit of 268435455")]),
    # streams
    "write_unasked": (cut(b"a"), [BROKEN]),  # there was room; WASI lets a host take it
    "write_more": (cut(b""), [host("output-stream.write: 65537 bytes are more than check-write permitted"), BROKEN]),
    "write_twice_for_one_permission": (cut(None), [BROKEN]),
    "write_zeroes_without_end": (cut(b""), [host("output-stream.write: 18446744073709551615 bytes are more than"), BROKEN]),
    "write_and_flush_5000": (cut(b""), [host("blocking-write-and-flush: 5000 bytes are over 4096"), BROKEN]),
    "write_zeroes_and_flush_5000": (cut(b""), [host("blocking-write-zeroes-and-flush: 5000 bytes are over 4096"), BROKEN]),
    "write_outside": (cut(b""), [model("list content out-of-bounds"), BROKEN]),
    "write_after_finish": (EMPTY, [unknown(5)]),
    "flush_again_and_again": (whole(b"flushed\n"), []),
    "read_after_end": (REFUSED, []),
    "read_everything": (REFUSED, []),
    "skip_everything": (REFUSED, []),
    "splice_everything": (whole(b"hellospliced\n"), []),
    "consume_twice": (REFUSED, []),
    "stream_twice": (REFUSED, []),
    "trailers_twice": (REFUSED, []),
    "read_stdin_for_ever": (REFUSED, []),
    "print_without_line_end": (REFUSED, []),
    "print_terminal_codes": (REFUSED, []),
    # answers
    "never": (FAILED, [NONE]),
    "twice": (whole(b"once\n"), [unknown(2)]),
    "status_0": (REFUSED, []),
    "status_99": (REFUSED, []),
    "status_1000": (REFUSED, []),
    "status_65736": (REFUSED, []),  # 200 in 16 bits: as the canonical ABI lifts a u16
    "status_101": (FAILED, [ERROR]),
    "header_injection": (REFUSED, []),
    "header_injection_by_set": (REFUSED, []),
    "forbidden_headers": (REFUSED, []),
    "immutable_headers": (REFUSED, []),
    "headers_without_end": (FAILED, [FIELDS]),
    "header_of_a_megabyte": (FAILED, [FIELDS]),
    "headers_to_the_limit": (FAILED, [FIELDS]),
    "length_too_large": (cut(b"five\n"), [BROKEN]),
    "length_too_small": (cut(b""), [BROKEN]),
    "length_no_number": (FAILED, [UNREACHABLE]),
    "length_overflows": (FAILED, [UNREACHABLE]),
    "length_twice": (FAILED, [UNREACHABLE]),
    "trailers": (whole(b"body\n"), []),
    "trailers_that_frame": (whole(b"body\n"), []),
    "no_body": (EMPTY, []),
    "body_dropped": (cut(b"half"), [BROKEN]),
    "body_left": (cut(b"half"), [BROKEN]),
    "body_twice": (REFUSED, []),
    "error_internal": (FAILED, [ERROR]),
    "error_with_text_outside": (FAILED, [model("string content out-of-bounds")]),
}

# tests/guests/wat/NAME.wat, and the allocators of tests/guests/hostile/realloc.c
WAT = {
    "start-trap": (FAILED, [UNREACHABLE]),
    "start-loop": (TIMED_OUT, [TIMEOUT]),
    "start-deep": (FAILED, [STACK]),
    "start-grow": (FAILED, [MEMORY, NONE]),
    "passive-outside": (FAILED, [OUTSIDE]),
    "segment-offset": (FAILED, [r"request\.failed component=ID instantiation trapped: memory access out of bounds"]),
    "post-return-trap": (FAILED, [UNREACHABLE]),
    "post-return-calls": (FAILED, [INSIDE]),
    "post-return-loop": (TIMED_OUT, [TIMEOUT]),
    "exception": (FAILED, [trap("uncaught exception", "the guest threw an exception that nobody caught")]),
    "null-reference": (FAILED, [trap("trap", "use of a null reference")]),
    "table-grow": (FAILED, [TABLE]),
    "table-fill": (FAILED, [TABLE]),
    "many-locals": (FAILED, [STACK]),
    "large-memory": (FAILED, [r"request\.failed component=ID a memory of 4294967296 bytes passes the limit of 1073741824 for all memories"]),
    "large-table": (BUSY, [r"request\.failed component=ID a table of 4000000000 elements passes the limit of 100000"]),
}
TOOK = whole(b"the host took it\n")
REALLOC = {
    "deep": (FAILED, [STACK]),
    "leave": (FAILED, [INSIDE]),
    "exit": (FAILED, [INSIDE]),
    "outside": (FAILED, [model(r"realloc return: beyond end of memory, 0xffff0000 \+ ")]),
    "edge": (FAILED, [model(r"realloc return: beyond end of memory, 0x[0-9a-f]+f8 \+ ")]),
    "unaligned": (FAILED, [model("realloc return: result not aligned, unaligned pointer 0x[0-9a-f]+ is not a multiple of 4")]),
    "loop": (TIMED_OUT, [TIMEOUT]),
    "trap": (FAILED, [UNREACHABLE]),
    "grow": (TOOK, []),
    "bottom": (TOOK, []),
}

ROWS = [
    *((f"/zoo/{name}", "zoo", *row) for name, row in ZOO.items()),
    *((f"/wat-{name}", f"wat-{name}", *row) for name, row in WAT.items()),
    *((f"/realloc-{name}", f"realloc-{name}", *row) for name, row in REALLOC.items()),
]


def manifest(folder):
    """One application of all the guests; the neighbour takes every other path."""
    routes = {"zoo": "/zoo/...", "c": "/..."}
    names = ["c", "zoo", *(f"wat-{name}" for name in WAT), *(f"realloc-{name}" for name in REALLOC)]
    text = 'spin_manifest_version = 2\n\n[application]\nname = "hostile"\n'
    for name in names:
        text += (f'\n[[trigger.http]]\nroute = "{routes.get(name, "/" + name)}"\ncomponent = "{name}"\n'
                 f'\n[component.{name}]\nsource = "{guests.build(name)}"\n')
    path = folder / "spin.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def server(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    server = runner.Swell("-f", str(manifest(folder)), "--request-timeout", f"{LIMIT_MS}ms", cache=cache, log=folder / "swell.log", workers=1,
                          env={"SWELL_SANDBOX": "inspect"})
    with server:
        server.allow_log(r"guest\.trap|response\.(none|cut|error)|request\.failed|limit\.(time|memory)")  # each row looks at its own lines
        yield server


def records(server, start):
    """The warnings and errors since `start`."""
    with open(server.log_path, "rb") as log:
        log.seek(start)
        text = log.read().decode(errors="replace")
    return [line for line in text.splitlines() if re.search(r"^\S+Z (WARN|ERROR) ", line)]


def check_records(server, start, expected):
    end = time.monotonic() + LOG_SECONDS
    while len(records(server, start)) < len(expected) and time.monotonic() < end:
        time.sleep(0.01)
    lines = records(server, start)
    assert len(lines) == len(expected), f"expected {expected}, the log has {lines}"
    for pattern, line in zip(expected, lines):
        assert re.search(pattern, line), f"expected {pattern!r}, the log has {line!r}"


@pytest.mark.parametrize("path, component, answer, log", ROWS, ids=[row[0].lstrip("/") for row in ROWS])
def test_costs_its_own_request_only(server, path, component, answer, log):
    workers, start = server.workers(), server.log_path.stat().st_size
    with Connection(server.port) as connection, Connection(server.port) as neighbour:
        response = connection.request(path, method="POST", body=b"hello")
        status, body, complete = answer
        assert (response.status, response.complete) == (status, complete), response
        if body is not None:
            assert response.body == body
        assert neighbour.request("/").text == NEIGHBOUR
        if complete and response.get("connection") != "close":
            assert connection.request("/zoo/").text == "well behaved\n"
    check_records(server, start, [line.replace("ID", component).replace("PATH", path) for line in log])
    assert get(server.port, "/zoo/").text == "well behaved\n"
    assert server.workers() == workers


def test_the_table_is_complete():
    """Every act of the zoo has a row, and there are enough of them."""
    acts = set()
    for path in sorted((guests.ROOT / "tests/guests/hostile").glob("zoo*")):
        acts |= set(re.findall(r"\bACT\((\w+)\)", path.read_text())) - {"name"}
    assert acts == set(ZOO)
    assert {path.stem.replace("_", "-") for path in (guests.ROOT / "tests/guests/wat").glob("*.wat")} == set(WAT)
    assert len(ROWS) >= 60


def test_trailers_that_would_frame_never_leave(server):
    with Connection(server.port) as connection:
        connection.send(b"GET /zoo/trailers_that_frame HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n")
        while connection.more():
            pass
        assert b"content-length" not in connection.buffer.lower(), connection.buffer


def test_terminal_codes_do_not_reach_the_terminal(server):
    start = server.log_path.stat().st_size
    assert get(server.port, "/zoo/print_terminal_codes").status == 200
    end = time.monotonic() + 10
    while b"guest says" not in (printed := server.log_path.read_bytes()[start:]) and time.monotonic() < end:
        time.sleep(0.01)  # a thread of its own writes it
    assert b"\x1b" not in printed and b"\x07" not in printed and b"\r" not in printed
    assert b"guest says" in printed


def test_all_of_them_at_once(server):
    """Every row that ends by itself, at the same time, ten requests to the neighbour among them."""
    workers = server.workers()
    rows = [row for row in ROWS if row[2] is not TIMED_OUT and TIMEOUT not in row[3]]
    connections = [Connection(server.port) for _ in rows]
    for row, connection in zip(rows, connections):
        connection.send(f"GET {row[0]} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    for _ in range(10):
        assert get(server.port).text == NEIGHBOUR
    for row, connection in zip(rows, connections):
        try:
            assert connection.response().status == row[2][0], row
        except Cut:
            raise AssertionError(f"{row[0]} was cut")
        connection.socket.close()
    assert server.workers() == workers


def test_nothing_is_kept(server):
    """Descriptors and memory after hundreds of failures are what they were."""
    paths = ("/zoo/unreachable", "/zoo/recurse", "/zoo/never", "/zoo/forged_stream", "/zoo/use_after_given", "/realloc-deep", "/wat-exception")

    def round_of_all():
        for path in paths * 20:
            get(server.port, path)
        time.sleep(0.2)

    round_of_all()
    worker = server.workers()[0]
    if not can_be_inspected(worker):
        pytest.skip("the sandbox hides the worker's descriptors; SWELL_SANDBOX=inspect shows them")
    descriptors, memory = len(runner.descriptors(worker)), runner.rss_bytes(worker)
    round_of_all()
    assert len(runner.descriptors(worker)) == descriptors
    assert runner.rss_bytes(worker) - memory < 4 << 20
    assert server.workers() == [worker]


def can_be_inspected(pid):
    try:
        runner.descriptors(pid)
        return True
    except OSError:
        return False
