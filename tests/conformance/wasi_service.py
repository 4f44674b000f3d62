"""wasi_service - tests of the public WASI test suite that are services: the servers that they ask, `swell up`, and the requests to them."""

import json
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 60


class Endpoints(BaseHTTPRequestHandler):
    """Answers what the server's `routes` say, or with what it got. Each answer ends its connection."""

    protocol_version = "HTTP/1.1"

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # who asks may leave

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0))), []
        parts, trailers = [], []
        while (line := self.rfile.readline()).strip():
            size = int(line.split(b";")[0], 16)
            if not size:
                break
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while (line := self.rfile.readline()).strip():
            name, value = line.decode().split(":", 1)
            trailers.append((name.strip().lower(), value.strip()))
        return b"".join(parts), trailers

    def answer(self):
        self.close_connection = True
        body, trailers = self.body()
        route = self.server.routes.get((self.command, self.path), {"response": {"status": 404}})
        said = route.get("response", {"status": 200})
        fields = list(said.get("headers", {}).items())
        if route.get("mode") == "echo-headers":
            fields = [("x-request-method", self.command), ("x-request-path", self.path)]
            fields += [(f"x-echo-{name.lower()}", value) for name, value in self.headers.items()]
            fields += [(f"x-trailer-{name}", value) for name, value in trailers]
            body = b""
        elif route.get("mode") != "echo-body":
            body = said.get("body", "").encode()
        self.send_response(said["status"])
        for name, value in [*fields, ("connection", "close")]:
            self.send_header(name, value)
        chunks = said.get("chunks")
        self.send_header(*(("transfer-encoding", "chunked") if chunks else ("content-length", str(len(body)))))
        self.end_headers()
        if chunks:
            body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk.encode()) for chunk in chunks) + b"0\r\n"
            body += "".join(f"{name}: {value}\r\n" for name, value in said.get("trailers", {}).items()).encode() + b"\r\n"
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer


@contextmanager
def server(said):
    """The address of a server with these endpoints, or where nobody listens."""
    if said.get("kind") == "closed":
        with socket.socket() as taken:  # bound and not listening: nobody else gets it meanwhile
            taken.bind(("127.0.0.1", 0))
            yield "127.0.0.1:%d" % taken.getsockname()[1]
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoints) as running:
        running.daemon_threads = True
        running.routes = {(route["method"], route["path"]): route for route in said["endpoints"]}
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield "127.0.0.1:%d" % running.server_address[1]
        running.shutdown()


def manifest(path, servers):
    variables = ", ".join(f"HTTP_SERVER_{name.upper()} = {json.dumps(address)}" for name, address in servers.items())
    return f"""spin_manifest_version = 2
[application]
name = "test"
version = "1.0.0"
[[trigger.http]]
route = "/..."
component = "test"
[component.test]
source = {json.dumps(str(path))}
allowed_outbound_hosts = ["http://*:*"]
environment = {{ {variables} }}
"""


class Plain(urllib.request.HTTPErrorProcessor):
    """Every answer is one, no exception."""

    def http_response(self, _, response):
        return response


def ask(port, operation):
    """What is wrong with the answer."""
    body = operation["body"].encode() if "body" in operation else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{operation['path']}", method=operation["method"], data=body,
                                     headers=operation.get("headers", {}))
    want = operation["response"]
    with urllib.request.build_opener(Plain).open(request, timeout=SECONDS) as answer:
        got, status = answer.read(), answer.status
        fields = {name.lower(): value for name, value in answer.headers.items()}
    where = f"{operation['method']} {operation['path']}"
    wrong = [] if status == want["status"] else [f"{where}: expected status {want['status']}, got {status}"]
    if "body" in want and got != want["body"].encode():
        wrong.append(f"{where}: expected body {want['body']!r}, got {got[:300]!r}")
    for name, value in want.get("headers", {}).items():
        if fields.get(name.lower()) != value:
            wrong.append(f"{where}: expected {name}: {value}, got {fields.get(name.lower())}")
    return wrong


def port_of(process):
    """The port that the program says; None when it ends without one."""
    for line in process.stdout:
        found = re.search(r"Serving http://127\.0\.0\.1:(\d+)", line.decode())
        if found:
            return int(found[1])
    return None


def run(program, path, said, work):
    """What is wrong, as a list of texts; none when it passed."""
    wrong = []
    with ExitStack() as stack:
        servers = {one["name"]: stack.enter_context(server(one)) for one in said.get("servers", [])}
        (work / "spin.toml").write_text(manifest(path, servers))
        log = stack.enter_context(open(work / "log", "wb"))
        process = subprocess.Popen([str(program), "up", "-f", str(work), "--listen", "127.0.0.1:0", "--workers", "1"], cwd=work,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        watch = threading.Timer(2 * SECONDS, process.kill)
        watch.start()
        try:
            port = port_of(process)
            for operation in said["operations"] if port else []:
                if operation["type"] == "request":
                    wrong += ask(port, operation)
        except (OSError, urllib.error.URLError) as error:
            wrong.append(str(error))
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            code = process.wait()
            watch.cancel()
            process.stdout.close()
    if not port:
        wrong.append("it did not start")
    if code != 0:
        wrong.append(f"swell up ended with {code}")
    return wrong + [f"log: {line}" for line in (work / "log").read_text(errors="replace").splitlines()[:12] if wrong]
