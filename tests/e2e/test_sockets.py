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
    connection.request("POST", "/", body=ops(table).encode())
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


# ---- every call in every state: wasi:sockets 0.2, tcp.wit and udp.wit ----

OPTIONS = """
            get a keepalive => 0
            set a keepalive 1
            get a keepalive => 1
            set a idle 0 => invalid-argument
            set a idle 1
            get a idle => 1000000000
            set a idle 18446744073709551615
            get a idle => 32767000000000
            set a interval 0 => invalid-argument
            set a interval 2000000001
            get a interval => 3000000000
            set a count 0 => invalid-argument
            set a count 4294967295
            get a count => 127
            set a hops 0 => invalid-argument
            set a hops 255
            get a hops => 255
            set a receive 0 => invalid-argument
            set a receive 16000
            get a receive => 16000
            set a receive 18446744073709551615
            set a send 0 => invalid-argument
            set a send 16000
            get a send => 16000"""


@pytest.mark.parametrize("family, loopback", [(4, "127.0.0.1"), (6, "0:0:0:0:0:0:0:1")])
def test_tcp_in_every_state(family, loopback):
    with Peer(address="::1" if family == 6 else "127.0.0.1") as peer:
        command(f"""
            tcp a {family}
            fbind a => not-in-progress
            fconnect a i o => not-in-progress
            listen a => invalid-state
            flisten a => not-in-progress
            accept a s i o => invalid-state
            local a => invalid-state
            remote a => invalid-state
            listening a => no
            family a => {family}
            shutdown a both => invalid-state
            backlog a 0 => invalid-argument
            backlog a 7
            ready a => yes{OPTIONS}
            bind a {loopback} 0
            bind a {loopback} 0 => concurrency-conflict
            connect a {loopback} {peer.port} => concurrency-conflict
            listen a => concurrency-conflict
            local a => invalid-state
            fconnect a i o => not-in-progress
            fbind a
            fbind a => not-in-progress
            bind a {loopback} 0 => invalid-state
            accept a s i o => invalid-state
            remote a => invalid-state
            shutdown a send => invalid-state
            local a => /{loopback} [1-9][0-9]*/
            listen a
            listen a => concurrency-conflict
            connect a {loopback} {peer.port} => concurrency-conflict
            accept a s i o => invalid-state
            listening a => no
            flisten a
            flisten a => not-in-progress
            listening a => yes
            listen a => invalid-state
            bind a {loopback} 0 => invalid-state
            connect a {loopback} {peer.port} => invalid-state
            fconnect a i o => not-in-progress
            shutdown a both => invalid-state
            accept a s i o => would-block
            ready a => no
            backlog a 18446744073709551615
            get a hops => 255
            tcp c {family}
            connect c {loopback} {peer.port}
            backlog c 5 => invalid-state
            bind c {loopback} 0 => concurrency-conflict
            connect c {loopback} {peer.port} => concurrency-conflict
            wait c
            fconnect c i o
            fconnect c i o => not-in-progress
            connect c {loopback} {peer.port} => invalid-state
            bind c {loopback} 0 => invalid-state
            listen c => invalid-state
            accept c s i o => invalid-state
            backlog c 5 => invalid-state
            shutdown c receive
            shutdown c receive
            shutdown c send
            shutdown c both
            ready i => yes
            read i 1 => closed
            check o => closed""")


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_tcp_that_nobody_answers():
    port = closed_port()
    command(f"""
            tcp a 4
            connect a 127.0.0.1 {port}
            wait a
            fconnect a i o => connection-refused
            fconnect a i o => not-in-progress
            connect a 127.0.0.1 {port} => invalid-state
            bind a 127.0.0.1 0 => invalid-state
            local a => invalid-state
            get a hops => invalid-state
            ready a => yes
            drop a""")


WRONG = ["0.0.0.0 80", "127.0.0.1 0", "224.0.0.1 80", "255.255.255.255 80", "0:0:0:0:0:0:0:1 80"]
WRONG6 = ["0:0:0:0:0:0:0:0 80", "0:0:0:0:0:0:0:1 0", "ff02:0:0:0:0:0:0:1 80", "0:0:0:0:0:ffff:7f00:1 80", "0:0:0:0:0:0:7f00:1 80",
          "127.0.0.1 80"]


def test_addresses_that_are_none():
    rows = ["tcp a 4", "tcp b 6", "udp c 4", "bind c 0.0.0.0 0", "fbind c", "udp d 6", "bind d 0:0:0:0:0:0:0:0 0", "fbind d", "stream c i o",
            "stream d j p"]
    for four in WRONG:
        rows.append(f"connect a {four} => invalid-argument")
        if not four.startswith(("224", "255")):  # what is no unicast is udp's, too
            rows += [f"stream c x y {four} => invalid-argument", f"send o hi {four} => invalid-argument"]
    for six in WRONG6:
        rows.append(f"connect b {six} => invalid-argument")
        if not six.startswith("ff"):
            rows += [f"stream d x y {six} => invalid-argument", f"send p hi {six} => invalid-argument"]
    rows += ["bind a 224.0.0.1 0 => invalid-argument", "bind a 255.255.255.255 0 => invalid-argument", "bind a 0:0:0:0:0:0:0:1 0 => invalid-argument",
             "bind b 0:0:0:0:0:ffff:7f00:1 0 => invalid-argument", "bind b 127.0.0.1 0 => invalid-argument",
             "bind a 192.0.2.7 0 => address-not-bindable", "bind a 127.0.0.1 0", "fbind a", "send o hi => invalid-argument"]
    command("\n".join(rows))


@pytest.mark.parametrize("family, loopback, any_", [(4, "127.0.0.1", "0.0.0.0"), (6, "0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:0")])
def test_udp_in_every_state(family, loopback, any_):
    with Peer(address="::1" if family == 6 else "127.0.0.1") as peer:
        command(f"""
            udp a {family}
            fbind a => not-in-progress
            stream a i o => invalid-state
            local a => invalid-state
            remote a => invalid-state
            family a => {family}
            ready a => yes
            set a hops 0 => invalid-argument
            set a hops 9
            get a hops => 9
            set a receive 0 => invalid-argument
            set a receive 16000
            get a receive => 16000
            set a send 0 => invalid-argument
            set a send 16000
            get a send => 16000
            bind a {any_} 0
            bind a {any_} 0 => concurrency-conflict
            stream a i o => invalid-state
            local a => invalid-state
            fbind a
            fbind a => not-in-progress
            bind a {any_} 0 => invalid-state
            local a => /{any_} [1-9][0-9]*/
            stream a i o {loopback} {peer.port}
            remote a => {loopback} {peer.port}
            send o hi {loopback} {peer.port + 1 if peer.port < 65535 else 1} => invalid-argument
            stream a j p
            remote a => invalid-state
            local a => /{any_} [1-9][0-9]*/
            recv i 5 => invalid-state
            checksend o => invalid-state
            ready i => yes
            ready o => yes
            recv j 0 => 0
            recv j 5 => 0
            ready j => no
            set a send 100000
            blob p 65508 {loopback} {peer.port} => {'datagram-too-large' if family == 4 else '1'}
            blob p 70000 {loopback} {peer.port} => datagram-too-large
            sendn p 0 => 0""")


def test_datagrams_come_one_by_one_and_not_more_than_asked_for():
    with Peer() as peer:
        rows = [f"send o d{i} 127.0.0.1 {peer.port} => 1" for i in range(20)]
        table = "\n".join(["udp a 4", "bind a 127.0.0.1 0", "fbind a", "stream a i o", *rows, "sleep 300", "recv i 2 => /2 .*0d.*1d/",
                           "recv i 100 => /16 .*/", "recv i 100 => /2 .*81d.*91d/", f"blob o 60000 127.0.0.1 {peer.port} => 1",
                           f"blob o 50000 127.0.0.1 {peer.port} => 1", f"send o last 127.0.0.1 {peer.port} => 1", "sleep 300",
                           "recv i 16 => /[23] .* 60000 .* 50000.*/"])
        command(table)


def test_datagram_that_nobody_takes_is_told():
    port = closed_port()
    command(f"""
            udp a 4
            bind a 127.0.0.1 0
            fbind a
            stream a i o 127.0.0.1 {port}
            send o hi => 1
            wait i
            recv i 5 => connection-refused
            recv i 5 => 0""")


def test_sending_without_permission_traps():
    done = subprocess.run([str(runner.program()), "run", "--network", str(guests.build("sockets-command"))],
                          input=b"udp a 4\nbind a 0.0.0.0 0\nfbind a\nstream a i o\nsendn o 1\n", capture_output=True, timeout=60)
    assert done.returncode == 134 and b"1 datagrams are more than check-send permitted" in done.stderr


# ---- streams ----


def test_bytes_wait_for_a_reader_who_is_slow(start):
    got = []

    def behave(connection):
        time.sleep(1)
        while data := connection.recv(1 << 20):
            got.append(len(data))
        connection.sendall(b"done")

    with Peer(behave) as peer, start([f"tcp://127.0.0.1:{peer.port}"]) as server:
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            set a send 4096
            fill o 20000000
            drop o
            read i 10 => = done
            drain i => 0 closed""")
    assert sum(got) == 20_000_000


def test_reader_that_is_slow_holds_up_the_sender(start):
    def behave(connection):
        for _ in range(320):
            connection.sendall(b"y" * 65536)

    with Peer(behave) as peer, start([f"tcp://127.0.0.1:{peer.port}"]) as server:
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            sleep 500
            drain i => 20971520 closed""")


def test_reset_is_a_failure_and_then_closed(start):
    def behave(connection):
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with Peer(behave) as peer, start([f"tcp://127.0.0.1:{peer.port}"]) as server:
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            write o hello
            read i 10 => failed
            read i 10 => closed
            fill o 10 => closed
            check o => closed
            remote a => /invalid-state|127.*/""")


@pytest.mark.parametrize("order", ["a i o", "o i a", "i a o", "o a i"])
def test_dropped_in_any_order(start, order):
    ended = threading.Event()

    def behave(connection):
        while connection.recv(100):
            pass
        ended.set()

    with Peer(behave) as peer, start([f"tcp://127.0.0.1:{peer.port}"]) as server:
        drops = "\n".join(f"drop {name}" for name in order.split())
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            keep a
            keep i
            keep o
            write o hello
            {drops}""")
        assert ended.wait(WAIT)


def test_what_was_written_arrives_although_all_is_dropped_at_once(start):
    got, ended = [], threading.Event()

    def behave(connection):
        time.sleep(1)
        while data := connection.recv(1 << 20):
            got.append(len(data))
        ended.set()

    with Peer(behave) as peer, start([f"tcp://127.0.0.1:{peer.port}"]) as server:
        peer.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the kernels take a part
        ask(server, f"""
            tcp a 4
            set a send 4096
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            fill o 60000
            drop o
            drop i
            drop a""")
        assert ended.wait(WAIT)
    assert sum(got) == 60000


# ---- listening: commands with --network ----


@pytest.mark.parametrize("family, loopback, host", [(4, "127.0.0.1", "127.0.0.1"), (6, "0:0:0:0:0:0:0:1", "::1")])
def test_a_command_listens(family, loopback, host):
    port = closed_port()
    table = f"""
            tcp a {family}
            set a hops 42
            bind a {loopback} {port}
            fbind a
            listen a
            flisten a
            tcp b {family}
            bind b {loopback} {port} => address-in-use
            wait a
            accept a s i o
            family s => {family}
            get s hops => 42
            local s => {loopback} {port}
            remote s => /{loopback} [0-9]+/
            read i 5 => = hello
            write o answer
            accept a t j p => would-block"""
    answers = []

    def client():
        for _ in range(200):
            try:
                with socket.create_connection((host, port), timeout=WAIT) as one:
                    one.sendall(b"hello")
                    answers.append(one.recv(100))
                return
            except OSError:
                time.sleep(0.05)

    thread = threading.Thread(target=client)
    thread.start()
    command(table)
    thread.join()
    assert answers == [b"answer"]


@pytest.mark.parametrize("options, answer", [(["--network"], "status 204"), ([], "error 015")])  # HTTP-request-denied
def test_a_command_with_the_network_asks_by_http(options, answer):
    def behave(connection):
        connection.recv(10000)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with Peer(behave) as peer:
        done = subprocess.run([str(runner.program()), "run", *options, str(guests.build("command-http"))], capture_output=True, timeout=60,
                              input=f"localhost:{peer.port}".encode())
        assert (done.returncode, done.stdout.decode()) == (0, answer), done.stderr.decode()
        assert peer.connections == (1 if options else 0)


def test_a_component_never_listens(start):
    with start(["*://*:*"]) as server:
        ask(server, """
            tcp a 4
            bind a 127.0.0.1 0 => access-denied
            bind a 0.0.0.0 0 => access-denied
            listen a => invalid-state
            tcp b 6
            bind b 0:0:0:0:0:0:0:1 0 => access-denied""")


# ---- grants ----


def test_a_grant_is_for_what_it_names(start):
    with Peer() as peer, Peer() as other, Peer(address="::1") as v6:
        hosts = [f"tcp://127.0.0.1:{peer.port}", "tcp://10.0.0.0/8:*", "udp://127.0.0.2:*", "http://127.0.0.1:*"]
        with start(hosts) as server:
            ask(server, f"""
                tcp a 4
                connect a 127.0.0.1 {other.port} => access-denied
                connect a 127.0.0.2 {peer.port} => access-denied
                connect a 0.0.0.0 {peer.port} => invalid-argument
                connect a 127.0.0.1 {peer.port}
                wait a
                fconnect a i o
                tcp b 6
                connect b 0:0:0:0:0:0:0:1 {v6.port} => access-denied
                connect b 0:0:0:0:0:ffff:7f00:1 {peer.port} => invalid-argument
                connect b 64:ff9b:0:0:0:0:7f00:1 {peer.port} => access-denied
                udp c 4
                bind c 127.0.0.1 0 => access-denied
                bind c 0.0.0.0 {other.port} => access-denied
                bind c 0.0.0.0 0
                fbind c
                stream c x y 127.0.0.1 {peer.port} => access-denied
                stream c x y
                send y hi 127.0.0.1 {peer.port} => access-denied
                send y hi 0.0.0.0 {peer.port} => invalid-argument""")
            assert re.search(rf"'net' tried to use an address of the network that it may not connect to, 'tcp://127.0.0.1:{other.port}'", server.log())
        assert (peer.connections, peer.datagrams, other.connections, v6.connections) == (1, 0, 0, 0)


def test_a_stranger_is_not_heard(start):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for one in (friend, stranger):
            one.bind(("127.0.0.1", 0))
        port = friend.getsockname()[1]

        def behave():  # learns the guest's port from its datagram; the stranger is first
            _, sender = friend.recvfrom(100)
            for _ in range(70):  # more than one receive throws away
                stranger.sendto(b"evil", ("127.0.0.1", sender[1]))
            friend.sendto(b"good", sender)

        threading.Thread(target=behave, daemon=True).start()
        with start([f"udp://127.0.0.1:{port}"]) as server:
            ask(server, f"""
                udp a 4
                bind a 0.0.0.0 0
                fbind a
                stream a i o
                send o hi 127.0.0.1 {port} => 1
                sleep 600
                recv i 5 => 0
                recv i 5 => 1 127.0.0.1 {port} good
                recv i 5 => 0""")


def test_blocked_networks_are_not_reached_whatever_is_allowed(start, tmp_path):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["private"]\n')
    with Peer() as peer, Peer(address="::1") as v6, start(["*://*:*"], "--runtime-config-file", str(config)) as server:
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port} => access-denied
            connect a 169.254.169.254 80 => access-denied
            connect a 10.0.0.1 80 => access-denied
            connect a 0.0.0.0 {peer.port} => invalid-argument
            tcp b 6
            connect b 0:0:0:0:0:0:0:1 {v6.port} => access-denied
            connect b fe80:0:0:0:0:0:0:1 80 => access-denied
            connect b 64:ff9b:0:0:0:0:7f00:1 {peer.port} => access-denied
            connect b 2002:7f00:1:0:0:0:0:0 {peer.port} => access-denied
            connect b 0:0:0:0:0:ffff:7f00:1 {peer.port} => invalid-argument
            lookup l localhost
            wait l
            next l => access-denied
            udp c 4
            bind c 127.0.0.1 0 => access-denied
            bind c 0.0.0.0 0
            fbind c
            stream c x y 127.0.0.1 {peer.port} => access-denied
            stream c i o
            send o hi 127.0.0.1 {peer.port} => access-denied
            send o hi 169.254.169.254 53 => access-denied""")
        assert (peer.connections, peer.datagrams, v6.connections) == (0, 0, 0)


# ---- names ----


def test_names_are_found_where_they_are_granted_and_dialled_at_what_they_were(start):
    with Peer() as peer, start([f"tcp://localhost:{peer.port}", f"udp://localhost:{peer.port}"]) as server:
        ask(server, f"""
            tcp a 4
            connect a 127.0.0.1 {peer.port} => access-denied
            lookup l other.example => access-denied
            lookup l localhost
            next l => /would-block|127.0.0.1|0:0:0:0:0:0:0:1/
            wait l
            keep l
            next l => /127.0.0.1|0:0:0:0:0:0:0:1/
            connect a 127.0.0.1 {peer.port + 1 if peer.port < 65535 else 1} => access-denied
            connect a 127.0.0.2 {peer.port} => access-denied
            connect a 127.0.0.1 {peer.port}
            wait a
            fconnect a i o
            udp u 4
            bind u 0.0.0.0 0
            fbind u
            stream u x y 127.0.0.1 {peer.port}
            send y hi => 1
            wait x
            recv x 1 => 1 127.0.0.1 {peer.port} ih
            drop l""")


@pytest.mark.parametrize("name, answer", [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::1", "0:0:0:0:0:0:0:1"), ("[::]", "0:0:0:0:0:0:0:0"), ("DEAD:BEEF::0", "dead:beef:0:0:0:0:0:0"),
])
def test_numbers_are_names_of_themselves(start, name, answer):
    with start(["tcp://10.0.0.1:1"]) as server:
        ask(server, f"""
            lookup l {name}
            ready l => yes
            next l => {answer}
            next l => none
            next l => none""")


def test_names_that_are_none(start):
    with start(["*://*:*"]) as server:
        rows = [f"lookup l {name} => invalid-argument" for name in ("", "a.b<&>", "127.0.0.1:80", "[::]:80", "http://example.com/", "::ffff:127.0.0.1",
                                                                    "m\u00fcnchen.de", "a" * 254)]
        rows += ["lookup l other.spin.internal => name-unresolvable", "lookup l no-such-name.invalid", "wait l", "next l => name-unresolvable"]
        ask(server, "\n".join(rows))


# ---- limits and the end ----


def sockets_of(server):
    return sum(link.startswith("socket:") for link in runner.descriptors(server.workers()[0]).values())


def test_sockets_of_one_instance_are_limited_and_closed_with_it(start):
    with Peer() as peer, start(["*://*:*"]) as server:
        ask(server, "many tcp 5 => 5 ok")
        before = sockets_of(server)
        for _ in range(3):
            ask(server, f"""
                tcp a 4
                connect a 127.0.0.1 {peer.port}
                wait a
                fconnect a i o
                keep a
                keep i
                lookup l localhost
                udp u 4
                bind u 0.0.0.0 0
                fbind u
                stream u x y
                keep x
                many tcp 100 => 62 new-socket-limit
                many udp 100 => 0 new-socket-limit""")
        deadline = time.monotonic() + WAIT
        while sockets_of(server) > before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert sockets_of(server) <= before


def test_waiting_ends_with_the_time_limit(start, tmp_path):
    silent = threading.Event()
    with Peer(lambda connection: silent.wait(WAIT)) as peer:
        with start([f"tcp://127.0.0.1:{peer.port}"], "--request-timeout", "300ms") as server:
            server.expect_log(r"limit\.time component=net .* limit_ms=300 ")
            server.allow_log(r"response\.cut")
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
            connection.request("POST", "/", body=f"tcp a 4\nconnect a 127.0.0.1 {peer.port}\nwait a\nfconnect a i o\nread i 1\n")
            with pytest.raises(http.client.HTTPException):
                connection.getresponse().read()  # its head had left
            ask(server, "many tcp 2 => 2 ok")
        silent.set()


@pytest.mark.parametrize("script", ["tcp a 4\ndrop a\nlocal a", "udp a 4\ndrop a\ndrop a", "tcp a 4\nudp b 4\ndrop b\nready b", "lookup l 127.0.0.1\ndrop l\nnext l"])
def test_a_handle_that_is_gone_traps(start, script):
    with start(["*://*:*"]) as server:
        server.expect_log(r"guest\.trap component=net .*handle")
        server.allow_log(r"response\.cut")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
        connection.request("POST", "/", body=script)
        with pytest.raises(http.client.HTTPException):
            connection.getresponse().read()
        ask(server, "many tcp 2 => 2 ok")
