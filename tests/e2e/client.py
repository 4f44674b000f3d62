"""client.py - an HTTP/1.1 client for tests that shows what was really on the wire."""

import socket
from dataclasses import dataclass, field

TIMEOUT = 30


@dataclass
class Response:
    status: int
    reason: str
    fields: list = field(default_factory=list)
    body: bytes = b""
    complete: bool = True  # False: the connection ended inside the body

    def get(self, name):
        return ", ".join(value for key, value in self.fields if key == name.lower()) or None

    @property
    def text(self):
        return self.body.decode()


class Cut(Exception):
    """The server closed the connection before a response began."""


class Connection:
    def __init__(self, port, timeout=TIMEOUT):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        """Adds what comes next to the buffer; False at the end."""
        try:
            chunk = self.socket.recv(262144)
        except ConnectionResetError:
            return False
        self.buffer += chunk
        return bool(chunk)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise Cut(self.buffer)
        line, self.buffer = self.buffer.split(mark, 1)
        return line

    def exactly(self, n):
        parts, have = [self.buffer[:n]], len(self.buffer[:n])
        self.buffer = self.buffer[n:]
        while have < n:
            try:
                chunk = self.socket.recv(min(262144, n - have))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                return b"".join(parts), False
            parts.append(chunk)
            have += len(chunk)
        return b"".join(parts), True

    def response(self, method="GET"):
        head = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, *reason = head[0].split(" ", 2)
        assert version == "HTTP/1.1", head
        response = Response(int(status), reason[0] if reason else "")
        for line in head[1:]:
            name, value = line.split(":", 1)
            response.fields.append((name.lower(), value.strip()))
        if 100 <= response.status < 200:
            return response
        if method == "HEAD" or response.status in (204, 304):
            return response
        if response.get("transfer-encoding") == "chunked":
            response.body, response.complete = self.chunks()
        elif response.get("content-length") is not None:
            response.body, response.complete = self.exactly(int(response.get("content-length")))
        else:
            while self.more():
                pass
            response.body, self.buffer = self.buffer, b""
        return response

    def chunks(self):
        parts = []
        try:
            while True:
                size = int(self.until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    while self.until(b"\r\n"):
                        pass
                    return b"".join(parts), True
                part, whole = self.exactly(size)
                parts.append(part)
                if not whole:
                    return b"".join(parts), False
                self.until(b"\r\n")
        except Cut:
            return b"".join(parts), False

    def request(self, path, method="GET", fields=(), body=b""):
        lines = [f"{method} {path} HTTP/1.1", "host: test.example", *(f"{name}: {value}" for name, value in fields)]
        if body or method in ("POST", "PUT"):
            lines.append(f"content-length: {len(body)}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return self.response(method)


def get(port, path="/", **options):
    with Connection(port) as connection:
        return connection.request(path, **options)
