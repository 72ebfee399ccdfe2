"""A private redis-server on a unix socket and on a loopback port, and a small client for tests."""
import os
import signal
import socket

from process import Process, wait_for


class RedisError(Exception):
    """An error reply."""


class Redis:
    """A blocking client: cmd("HGET", key, field). Connects when first used and after a failure."""

    def __init__(self, path):
        self._path = path
        self._file = None

    def cmd(self, *args):
        try:
            if self._file is None:
                self._connect()
            data = b"*%d\r\n" % len(args)
            for arg in args:
                raw = arg if isinstance(arg, bytes) else str(arg).encode()
                data += b"$%d\r\n%s\r\n" % (len(raw), raw)
            self._file.write(data)
            self._file.flush()
            return self._reply()
        except (OSError, EOFError):
            self.close()
            raise

    def close(self):
        if self._file is not None:
            self._file.close()
            self._file = None

    def _connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(10)
        try:
            s.connect(self._path)
        except OSError:
            s.close()
            raise
        self._file = s.makefile("rwb")
        s.close()  # the file keeps it

    def _reply(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("redis-server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest.decode()
        count = int(rest)
        if count < 0:
            return None
        if kind == b"$":
            return self._file.read(count + 2)[:-2].decode("utf-8", "replace")
        return [self._reply() for _ in range(count)]

    # What tests ask for again and again.

    def hash(self, key):
        flat = self.cmd("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def keys(self, pattern="*"):
        return sorted(self.cmd("KEYS", pattern))

    def entry(self, address):
        """The quarantine entry of an address, texts in one piece, what the hash leaves out in place; {} when there is
        none."""
        entry = self.hash("mxpace:{q:%s}" % address)
        for name in [name for name in entry if name + ":2" in entry]:
            for n in (2, 3, 4):
                piece = entry.pop("%s:%d" % (name, n), "")
                entry[name] += piece if len(entry[name].encode()) == 64 * (n - 1) else ""
        if "status" in entry:
            entry = {"by": "mxbounce", "quiet": "864000", **entry}
            if not any(name.startswith("errors:") for name in entry):
                entry["errors:" + entry["reason"]] = entry["errors"]
        return entry

    def events(self, **fields):
        """The entries of the event stream that have these fields."""
        entries = [dict(zip(flat[::2], flat[1::2])) for _, flat in self.cmd("XRANGE", "mxpace:events", "-", "+")]
        return [e for e in entries if all(e.get(k) == v for k, v in fields.items())]

    def statistic(self, name):
        """A number of INFO."""
        for line in self.cmd("INFO", "all").splitlines():
            if line.startswith(name + ":"):
                return int(line.partition(":")[2])
        raise KeyError(name)


class RedisServer:
    PORT = 6379  # of the namespace's own loopback

    def __init__(self, folder, log_path, address="127.0.0.1"):
        self.folder = folder
        self.socket = folder + "/redis.sock"
        self.address = address
        self.url = "redis://%s:%d/0" % (address, self.PORT)
        self.unix_url = "unix:" + self.socket
        self._log_path = log_path
        self._process = None
        self._client = Redis(self.socket)
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)

    def launch(self, *options):
        """Starts it without waiting; ready() waits. Nothing is kept on disk: it comes back empty."""
        self._process = Process("redis-server", [
            "redis-server", "--bind", self.address, "--protected-mode", "no", "--port", str(self.PORT),
            "--unixsocket", self.socket, "--unixsocketperm", "777", "--dir", self.folder, "--save", "",
            "--appendonly", "no", *options],
            self._log_path)

    def ready(self):
        def answers():
            if not self._process.running():
                raise AssertionError("redis-server ended: " + "; ".join(self._process.log.tail(3)))
            try:
                return self._client.cmd("PING") == "PONG"
            except (OSError, EOFError, RedisError):
                return False
        wait_for(answers, "redis-server")

    def start(self, *options):
        self.launch(*options)
        self.ready()

    def kill(self):
        """As a crash: at once."""
        self._client.close()
        if self._process is not None:
            self._process.stop(signal.SIGKILL)

    def pause(self):
        self._client.close()
        self._process.send(signal.SIGSTOP)

    def resume(self):
        self._process.send(signal.SIGCONT)

    def stop(self):
        if self._process is not None:
            self._process.send(signal.SIGCONT)
            self._process.stop(signal.SIGKILL)

    def __getattr__(self, name):
        """cmd(), hash(), keys() ... of the client."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._client, name)
