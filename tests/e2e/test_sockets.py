"""test_sockets.py - wasi:sockets 0.2: what a guest can do with TCP, UDP and names, and that nothing leaves that was not granted.
The guest (tests/guests/sockets) does what a script says and answers a line for each of its lines."""

import http.client
import re
import socket
import subprocess
import threading
import time

import pytest

import guests
import swell as runner

WAIT = 20  # seconds for what has to happen; no test asserts how long it takes


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


def check(answer, table):
    """table: rows 'op => expected'; expected may be a pattern between slashes, or missing: 'ok'."""
    rows = [row.partition(" => ") for row in lines(table)]
    assert len(answer) == len(rows), answer
    for got, (op, _, expected) in zip(answer, rows):
        expected = expected or "ok"
        good = re.fullmatch(expected[1:-1], got) if expected.startswith("/") else got == expected
        assert good, f"{op}: expected {expected}, got {got}\n" + "\n".join(answer)


def ops(table):
    return "\n".join(row.partition(" => ")[0] for row in lines(table)) + "\n"


def command(table, *options):
    """The script as a command that may use the network."""
    done = subprocess.run([str(runner.program()), "run", *(options or ["--network"]), str(guests.build("sockets-command"))],
                          input=ops(table).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    check(done.stdout.decode().splitlines(), table)


def manifest(folder, hosts):
    path = folder / "spin.toml"
    path.write_text(f"""spin_manifest_version = 2
[application]
name = "sockets"
version = "1.0.0"
[[trigger.http]]
route = "/..."
component = "net"
[component.net]
source = "{guests.build('sockets')}"
allowed_outbound_hosts = {hosts!r}
""".replace("'", '"'))
    return path


def ask(server, table):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT * 2)
    connection.request("POST", "/", body=ops(table))
    response = connection.getresponse()
    body = response.read().decode()
    assert response.status == 200, server.log()
    check(body.splitlines(), table)


class Peer:
    """A TCP listener that answers every connection with behave(connection), and a UDP socket on the same port that sends back what comes, turned
    around. Counts what came."""

    def __init__(self, behave=None, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.behave = behave or self.turn_around
        self.connections = self.datagrams = 0
        self.errors = []
        for _ in range(50):
            self.tcp, self.udp = socket.socket(family), socket.socket(family, socket.SOCK_DGRAM)
            try:
                self.tcp.bind((address, 0))
                self.port = self.tcp.getsockname()[1]
                self.udp.bind((address, self.port))
                break
            except OSError:
                self.tcp.close()
                self.udp.close()
        self.tcp.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.echo, daemon=True).start()

    @staticmethod
    def turn_around(connection):
        while data := connection.recv(65536):
            connection.sendall(data[::-1])

    def accept(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        with connection:
            try:
                self.behave(connection)
            except OSError as error:
                self.errors.append(error)

    def echo(self):
        while True:
            try:
                data, sender = self.udp.recvfrom(65536)
                if sender is None:  # shut down
                    return
                self.datagrams += 1
                self.udp.sendto(data[::-1], sender)
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.tcp, self.udp):
            try:
                one.shutdown(socket.SHUT_RDWR)  # the thread that waits would keep it
            except OSError:
                pass
            one.close()


@pytest.fixture
def start(cache, tmp_path):
    def begin(hosts, *options, folder=None):
        path = manifest(folder or tmp_path, hosts)
        return runner.Swell("-f", str(path), *options, cache=cache, log=tmp_path / "swell.log")

    return begin


# ---- what works ----


@pytest.mark.parametrize("address, script", [("127.0.0.1", "127.0.0.1"), ("::1", "0:0:0:0:0:0:0:1")])
def test_tcp_there_and_back(start, address, script):
    with Peer(address=address) as peer, start([f"tcp://{'[::1]' if ':' in address else address}:*"]) as server:
        ask(server, f"""
            tcp a {6 if ':' in address else 4}
            connect a {script} {peer.port}
            wait a
            fconnect a i o
            local a => /{script} [0-9]+/
            remote a => {script} {peer.port}
            write o hello
            read i 100 => = olleh
            ready i => no
            shutdown a send
            write o more => closed
            read i 100 => closed
            drop i
            drop o
            drop a""")


@pytest.mark.parametrize("address, script, any_", [("127.0.0.1", "127.0.0.1", "0.0.0.0"), ("::1", "0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:0")])
def test_udp_there_and_back(start, address, script, any_):
    with Peer(address=address) as peer, start([f"udp://{'[::1]' if ':' in address else address}:{{port}}".format(port=peer.port)]) as server:
        ask(server, f"""
            udp a {6 if ':' in address else 4}
            bind a {any_} 0
            fbind a
            stream a i o
            remote a => invalid-state
            checksend o => 16
            send o one {script} {peer.port} => 1
            wait i
            recv i 16 => 1 {script} {peer.port} eno
            recv i 16 => 0
            drop i
            drop o
            stream a i o {script} {peer.port}
            remote a => {script} {peer.port}
            send o two => 1
            wait i
            recv i 16 => 1 {script} {peer.port} owt
            send o three {script} {peer.port} => 1
            drop a""")


def test_no_grant_no_packet(start):
    with Peer() as peer, Peer(address="::1") as v6:
        table = f"""
            tcp a 4 => access-denied
            tcp a 6 => access-denied
            udp a 4 => access-denied
            udp a 6 => access-denied
            lookup a localhost => access-denied
            lookup a 127.0.0.1 => access-denied"""
        for hosts in ([], [f"http://127.0.0.1:{peer.port}", f"redis://localhost:{peer.port}"]):
            with start(hosts) as server:
                ask(server, table)
        command(table, "--time-limit", "60s")
        assert (peer.connections, peer.datagrams, v6.connections, v6.datagrams) == (0, 0, 0, 0)
