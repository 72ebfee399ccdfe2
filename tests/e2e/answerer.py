"""A socketmap server in Python that plays mxpolicyd, or a site's own table: the tests of what Postfix asks, and of the
judge, need one whose every answer they choose."""
import os
import re
import socket
import struct
import threading
import time

PORT_25 = b"\0\x19"
GONE = object()  # an answer: hang up instead


class Asked:
    """One look-up, and how it was answered."""

    def __init__(self, connection, name, key):
        self.t = time.monotonic()
        self.connection = connection  # a number: one Postfix process, while it keeps the connection
        self.map, _, self.service = name.partition("/")
        self.key = key
        self.answer = None

    def __repr__(self):
        return "%.3f #%d %s/%s %s -> %s" % (self.t, self.connection, self.map, self.service, self.key, self.answer)


class Answerer:
    """with Answerer(path, answer) as a: a thread for each connection. answer(asked) returns "NOTFOUND ", "OK text",
    "TEMP text" or GONE; it may take its time. hung_up(connection), if given, is told of each end."""

    def __init__(self, path, answer, hung_up=None):
        self.asked = []  # all, in order
        self._answer, self._hung_up = answer, hung_up
        self._path = path
        self._lock = threading.Lock()
        self._listener = None
        self._sockets = {}
        self._count = 0

    def __enter__(self):
        if os.path.exists(self._path):
            os.unlink(self._path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self._path)
        os.chmod(self._path, 0o777)
        self._listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    launch = __enter__

    def hang_up(self):
        """On every process at once."""
        with self._lock:
            for s in self._sockets.values():
                s.shutdown(socket.SHUT_RDWR)

    def find(self, name=None, key=None, since=0.0):
        """Look-ups of a map whose keys match."""
        return [a for a in list(self.asked) if a.t >= since and name in (None, a.map)
                and (key is None or re.search(key, a.key))]

    def _accept(self):
        while True:
            try:
                s, _ = self._listener.accept()
            except OSError:
                return
            self._count += 1
            with self._lock:
                self._sockets[self._count] = s
            threading.Thread(target=self._serve, args=(self._count, s), daemon=True).start()

    def _serve(self, number, s):
        try:
            stream = s.makefile("rb")
            while (query := _netstring(stream)) is not None:
                name, _, key = query.partition(" ")
                asked = Asked(number, name, key)
                self.asked.append(asked)
                answer = self._answer(asked)
                asked.answer = "hung up" if answer is GONE else answer
                if answer is GONE:
                    return
                data = answer.encode()
                s.sendall(b"%d:%s," % (len(data), data))
        except OSError:
            pass
        finally:
            with self._lock:
                del self._sockets[number]
            s.close()
            stream.close()
            if self._hung_up is not None:
                self._hung_up(number)


def _netstring(stream):
    digits = b""
    while (c := stream.read(1)) not in (b":", b""):
        digits += c
    if not c:
        return None
    data = stream.read(int(digits) + 1)
    return data[:-1].decode() if data.endswith(b",") else None


class Counter:
    """An answer function that keeps a limit of connections on one node as mxpolicyd would, or as it must not.

    kernel   counts the sockets of the node's network, and grants whose socket isn't seen yet
    lookups  counts deliveries between `connect` and `status`: cached connections are not among them
    """

    POLL_S = 0.005
    STATES = 0xFFF & ~(1 << 10 | 1 << 7 | 1 << 6)  # all but LISTEN, CLOSE, TIME_WAIT

    def __init__(self, network, limit, by, transport="mxp-toy-1:"):
        self._limit, self._by, self._transport = limit, by, transport
        with network:
            self._diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)  # NETLINK_SOCK_DIAG
        self._changed = threading.Condition()
        self._sockets, self._grants = set(), {}
        self._stop = False
        if by == "kernel":
            threading.Thread(target=self._watch, daemon=True).start()

    def stop(self):
        self._stop = True

    def __call__(self, asked):
        if asked.map == "transport" and "@" in asked.key:
            return "OK " + self._transport
        if asked.map == "connect" and not asked.key.startswith("."):
            with self._changed:
                self._grants.pop(asked.connection, None)
                if not self._changed.wait_for(lambda: self._used() < self._limit, 60):
                    return "TEMP no slot"
                self._grants[asked.connection] = time.monotonic()
        elif asked.map == "status":
            self.hung_up(asked.connection)
        return "NOTFOUND "

    def hung_up(self, connection):
        with self._changed:
            self._grants.pop(connection, None)
            self._changed.notify_all()

    def _used(self):
        return len(self._sockets) + len(self._grants)

    def _look(self):
        now = self._table()
        for _ in now - self._sockets:  # a new socket consumes the oldest grant
            if self._grants:
                del self._grants[min(self._grants, key=self._grants.get)]
        self._sockets = now

    def _table(self):
        """The cookies of the sockets that a provider may still see: sock_diag(7)."""
        found = set()
        for family in (socket.AF_INET, socket.AF_INET6):
            request = struct.pack("=BBBxI2xH48x", family, socket.IPPROTO_TCP, 0, self.STATES, 0)
            self._diag.send(struct.pack("=IHHII", 16 + len(request), 20, 0x301, 0, 0) + request)
            more = True
            while more:
                data = self._diag.recv(1 << 16)
                while data:
                    length, kind = struct.unpack_from("=IH", data)
                    more = more and kind == 20
                    if kind == 20 and data[22:24] == PORT_25:  # remote
                        found.add(data[60:68])
                    data = data[(length + 3) & ~3:]
        return found

    def _watch(self):
        while not self._stop:
            time.sleep(self.POLL_S)
            with self._changed:
                before = self._used()
                self._look()
                if self._used() < before:
                    self._changed.notify_all()


SERVICES = """\
rewrite-egress unix - - y - - trivial-rewrite
  -o {{ transport_maps = {before} socketmap:unix:{path}:transport }}
  -o sender_dependent_default_transport_maps=socketmap:unix:{path}:sender
mxp-toy-1 unix - - y - {processes} smtp
  -o smtp_connection_reuse_count_limit={reuse}
  -o smtp_dns_reply_filter=socketmap:unix:{path}:dns/mxp-toy-1
  -o smtp_tls_policy_maps=socketmap:unix:{path}:connect/mxp-toy-1
  -o {{ smtp_delivery_status_filter = socketmap:unix:{path}:status/mxp-toy-1 {after} }}
"""


def wire(node, path="site/map", processes=20, reuse=4, more=(), before="", after=""):
    """Tells a node's Postfix to ask a socket of its queue folder, by hand; returns the socket's path. more: further
    -o lines of mxp-toy-1; before, after: the site's own transport_maps and smtp_delivery_status_filter."""
    os.makedirs(os.path.dirname("%s/%s" % (node.queue, path)), exist_ok=True)
    text = SERVICES.format(path=path, processes=processes, reuse=reuse, before=before, after=after)
    node.add_services(text + "".join("  -o %s\n" % line for line in more))
    node.command("postconf", "-P", "qmgr/unix/rewrite_service_name=rewrite-egress")
    node.set("mxp-toy-1_destination_concurrency_failed_cohort_limit = 0",
             "mxp-toy-1_destination_concurrency_negative_feedback = 0",
             "mxp-toy-1_destination_recipient_limit = 50",
             "mxp-toy-1_initial_destination_concurrency = 20")
    node.settle()
    return "%s/%s" % (node.queue, path)
