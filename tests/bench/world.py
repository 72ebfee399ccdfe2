"""The private world of the benchmark: its servers and what they are told.

To be used in a network namespace of its own: dnsmasq takes port 53 of loopback there.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

DOMAINS = 100
SUFFIX = "bench.test"
READY_S = 15  # for a server to serve


class BenchError(Exception):
    """The measurement could not be made."""


def die_with_parent():
    """In a child before exec: it must not outlive us, however we end."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


class Server:
    """A server in the foreground; a thread keeps what it prints."""

    def __init__(self, *command):
        self.name = os.path.basename(command[0])
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def said(self):
        return "\n".join("    " + line for line in self.lines[-15:]) or "    (nothing)"

    def wait_for(self, text):
        def found():
            return any(text in line for line in self.lines)
        with self.changed:
            self.changed.wait_for(lambda: self.ended or found(), READY_S)
            if not found():
                why = "ended" if self.ended else f"not ready within {READY_S} s"
                raise BenchError(f"{self.name}: {why}; it said:\n{self.said()}")

    def check(self):
        if self.process.poll() is not None:
            raise BenchError(f"{self.name}: ended, status {self.process.returncode}; "
                             f"it said:\n{self.said()}")

    def cpu_ns(self):
        """Nanoseconds its threads have run, from the scheduler."""
        total = 0
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            total += int(stat.read_text().split()[0])
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)


class Resp:
    """A blocking Redis connection, for what is not measured."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")

    def _send(self, words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.sock.sendall(b"*%d\r\n" % len(words) +
                          b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def receive(self):
        try:
            return self._receive()
        except OSError as error:
            raise BenchError(f"redis-server: {error}") from None

    def _receive(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise BenchError("redis-server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise BenchError("redis-server: " + rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._receive() for _ in range(int(rest))]
        return rest

    def ask(self, *words):
        try:
            self._send(words)
        except OSError as error:
            raise BenchError(f"redis-server: {error}") from None
        return self.receive()

    def close(self):
        self.file.close()
        self.sock.close()


class World:
    """The servers, their folder, and where they listen."""

    def __init__(self, mxpolicyd):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxpace-bench-"))
        self.redis_socket = str(self.folder / "redis.sock")
        self.policy_socket = str(self.folder / "policy.sock")
        self.mxpolicyd_path = mxpolicyd
        self.servers = []

    def __enter__(self):
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            self.redis = self.start(
                "redis-server", "--port", 0, "--unixsocket", self.redis_socket, "--save", "",
                "--appendonly", "no", "--dir", self.folder, until="eady to accept connections")
            self.start("dnsmasq", "--no-daemon", "--conf-file=" + self.write_dns(),
                       until="started, version")
            self.mxpolicyd = self.start(self.mxpolicyd_path, "-c", self.write_conf(),
                                        until="ready:")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in reversed(self.servers):
            server.stop()
        shutil.rmtree(self.folder)

    def start(self, *command, until):
        server = Server(*command)
        self.servers.append(server)
        server.wait_for(until)
        return server

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def write_dns(self):
        mx = "".join(f"mx-host=d{i}.{SUFFIX},mx{i % 2 + 1}.provider.test,10\n"
                     for i in range(DOMAINS))
        return self.write("dnsmasq.conf", f"""
no-resolv
no-hosts
listen-address=127.0.0.1
bind-interfaces
local-ttl=3600
host-record=mx1.provider.test,192.0.2.1
host-record=mx2.provider.test,192.0.2.2
{mx}""")

    def write_conf(self):
        self.write("mx-rules.conf", """
mx_rules = (
  { name = "provider"; mx = [ "*.provider.test" ];
    connections = 100000; messages_per_connection = 50; messages_per_hour = 1000000000; },
  { name = "default"; mx = [ "*" ]; scope = "site";
    connections = 5; messages_per_connection = 20; messages_per_hour = 1000; }
);
""")
        return self.write("mxpace.conf", f"""
redis = "unix:{self.redis_socket}";
policy_listen = "unix:{self.policy_socket}";
socket_mode = "0600";
metrics_listen = "";
enforce = "admission";
node = "bench";
dns_servers = [ "127.0.0.1" ];
mx_rules = "{self.folder}/mx-rules.conf";
mx_rules_local = "";
state_dir = "{self.folder}";
max_clients = 2000;
""")
