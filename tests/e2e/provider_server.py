#!/usr/bin/python3
"""The providers' process: provider_server.py LOG CONTROL HOSTS (a JSON file: {host: options}); provider.py starts it
and says what the options and the log are.

In each round of the loop what has come in is read and what is due is done before anything new is accepted. So a
connection that ended before another began is never seen together with it, however late this process is; `close` is
logged before the socket is closed.
"""
import heapq
import itertools
import json
import os
import re
import select
import socket
import ssl
import subprocess
import sys
import time

from provider import OPTIONS

PORT = 25
BURST_S = 2.0  # a bucket holds what it gets in so long
TOO_FAST = "421 4.7.0 too many messages from your address, try again later"
HANDSHAKE_FAILURE = b"\x15\x03\x01\x00\x02\x02\x28"  # a fatal TLS alert
ROUND = 4096  # events at most of one round: all there are


class Bucket:
    def __init__(self):
        self.rate, self._tokens, self._at = 0.0, 0.0, 0.0

    def set(self, rate, now):
        fresh = not self.rate
        self._fill(now)
        self.rate = rate
        self._tokens = rate * BURST_S if fresh else min(self._tokens, rate * BURST_S)

    def take(self, now):
        if not self.rate:
            return True
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self, now):
        self._tokens = min(self.rate * BURST_S, self._tokens + (now - self._at) * self.rate)
        self._at = now


class Host:
    def __init__(self, name, options):
        self.name, self.options = name, {**OPTIONS, **options}

    def __getattr__(self, option):
        try:
            return self.options[option]
        except KeyError:
            raise AttributeError(option) from None


class Server:
    def __init__(self, log_path, control, hosts):
        self._out = open(log_path, "w", encoding="utf-8")
        self._epoll = select.epoll()
        self._handlers = {}   # descriptor: function of nothing
        self._listeners = {}  # descriptor: (socket, host); accepted from at the end of a round
        self._due = []        # (when, number, function)
        self._numbers = itertools.count(1)
        self.buckets = {}
        self.tls = _server_context(os.path.dirname(control))
        self.hosts = {name: Host(name, options) for name, options in hosts.items()}
        for host in self.hosts.values():
            if not host.refuses:
                self._listen(host)
        self._listen_control(control)

    def run(self):
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else -1
            accepts = []
            for descriptor, _ in self._epoll.poll(wait, ROUND):
                if descriptor in self._listeners:
                    accepts.append(descriptor)
                elif descriptor in self._handlers:
                    self._handlers[descriptor]()
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            for descriptor in accepts:
                self._accept(descriptor)
            self._out.flush()

    # For connections.

    def note(self, event, connection, **fields):
        now = time.monotonic()
        self._out.write(json.dumps({"t": round(now, 6), "event": event, "c": connection, **fields}) + "\n")
        return now

    def later(self, seconds, function):
        if seconds:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), function))
        else:
            function()

    def watch(self, s, handler):
        self._handlers[s.fileno()] = handler
        self._epoll.register(s.fileno(), select.EPOLLIN)

    def forget(self, s):
        if self._handlers.pop(s.fileno(), None):
            self._epoll.unregister(s.fileno())

    def takes(self, bucket):
        return bucket not in self.buckets or self.buckets[bucket].take(time.monotonic())

    # Listening.

    def _listen(self, host):
        for address in host.addresses:
            s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, PORT))
            s.listen(1024)
            s.setblocking(False)
            self._listeners[s.fileno()] = (s, host)
            self._epoll.register(s.fileno(), select.EPOLLIN)

    def _close_listeners(self, host):
        for descriptor in [d for d, (_, of) in self._listeners.items() if of is host]:
            self._epoll.unregister(descriptor)
            self._listeners.pop(descriptor)[0].close()

    def _accept(self, descriptor):
        while descriptor in self._listeners:
            listener, host = self._listeners[descriptor]
            try:
                s, _ = listener.accept()
            except OSError:
                return
            Connection(self, next(self._numbers), s, host)

    # Orders of the test.

    def _listen_control(self, path):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path + ".new")
        listener.listen(8)
        os.rename(path + ".new", path)
        self.watch(listener, lambda: self._order(listener))

    def _order(self, listener):
        s, _ = listener.accept()
        with s:
            order = json.loads(s.makefile().readline())
            if "bucket" in order:
                self.buckets.setdefault(order["bucket"], Bucket()).set(order["rate"], time.monotonic())
            else:
                host = self.hosts[order["host"]]
                refused = host.refuses
                host.options.update(order["options"])
                if host.refuses != refused:
                    (self._close_listeners if host.refuses else self._listen)(host)
            s.sendall(b"ok\n")


class Connection:
    """One client's dialogue. `_busy`: an answer is due later, and what comes in waits."""

    def __init__(self, server, number, s, host):
        self._server, self._number, self._socket, self._host = server, number, s, host
        self._in, self._data = b"", None  # _data: the lines of the message that is coming in
        self._busy, self._ended, self._quitting = True, False, False
        self._secure, self._shaking = False, False
        self._sender, self._recipients, self._taken = "", [], 0
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._note("open", host=host.name, ip=s.getsockname()[0], peer=_peer(s))
        server.watch(s, self._readable)
        if not host.hang:
            server.later(host.banner_s, self._greet)

    def _note(self, event, **fields):
        return self._server.note(event, self._number, **fields)

    def _greet(self):
        self._busy = False
        self._say(self._host.banner or "220 %s ESMTP" % self._host.name)

    def _say(self, text):
        """A reply; 421, and a greeting that is no 2xx, hang up."""
        if self._ended:
            return
        try:
            self._socket.send(text.encode() + b"\r\n")
        except OSError:
            return self._end()
        if text.startswith("421") or text == self._host.banner and text[0] in "45":
            return self._end()
        self._work()

    def _answer_later(self, seconds, reply):
        """reply: a function that returns the answer when it is due."""
        self._busy = True

        def due():
            self._busy = False
            if not self._ended:
                self._say(reply())
        self._server.later(seconds, due)

    def _end(self):
        if not self._ended:
            self._ended = True
            self._server.forget(self._socket)
            self._note("close", messages=self._taken)
            self._socket.close()

    def _readable(self):
        if self._shaking and not self._shake():
            return
        try:
            while data := self._socket.recv(65536):
                self._in += data
                if not self._secure:
                    break
            else:
                return self._hung_up()
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError:
            return self._hung_up()
        self._work()

    def _hung_up(self):
        """The client did. A QUIT that is being thought about is thought about to its end."""
        self._work()
        if not self._ended and self._quitting:
            return self._server.forget(self._socket)
        return self._end()

    def _shake(self):
        try:
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._note("starttls", ok=False)
            self._end()
            return False
        self._note("starttls", ok=True)
        self._shaking, self._secure = False, True
        return True

    # The dialogue.

    def _work(self):
        while not self._busy and not self._ended and not self._shaking:
            if self._data is not None:
                if not self._collect():
                    return
                continue
            line, end, rest = self._in.partition(b"\n")
            if not end:
                return
            self._in = rest
            verb, _, arguments = line.decode("utf-8", "replace").strip().partition(" ")
            self._command(verb.upper(), arguments)

    def _command(self, verb, arguments):
        host = self._host
        if verb in ("EHLO", "HELO"):
            self._note("ehlo")
            tls = "250-STARTTLS\r\n" if host.tls and not self._secure else ""
            self._say("250-%s\r\n250-PIPELINING\r\n%s250-8BITMIME\r\n250 ENHANCEDSTATUSCODES" % (host.name, tls))
        elif verb == "MAIL":
            self._sender, self._recipients = _path(arguments), []
            reply = "250 2.1.0 ok" if self._server.takes(host.bucket) else TOO_FAST
            self._note("mail", sender=self._sender, reply=reply)
            self._answer_later(host.mail_s, lambda: reply)
        elif verb == "RCPT":
            self._say(self._rcpt(_path(arguments)))
        elif verb == "DATA" and self._recipients:
            self._data = []
            self._say("354 go on")
        elif verb == "QUIT":
            self._note("quit")
            self._quitting = True
            self._answer_later(host.quit_s, self._bye)
        elif verb == "STARTTLS" and host.tls and not self._secure:
            self._start_tls()
        elif verb == "RSET":
            self._recipients = []
            self._say("250 2.0.0 ok")
        else:
            self._say("250 2.0.0 ok" if verb == "NOOP" else "502 5.5.2 not now" if verb != "DATA" else
                      "554 5.5.1 no valid recipients")

    def _rcpt(self, address):
        for pattern, reply in self._host.rcpt:
            if re.search(pattern, address, re.I):
                self._note("rcpt", recipient=address, reply=reply)
                return reply
        self._recipients.append(address)
        return "250 2.1.5 ok"

    def _bye(self):
        try:
            self._socket.send(b"221 2.0.0 bye\r\n")
        except OSError:
            pass
        self._end()
        return ""

    def _start_tls(self):
        self._socket.send(b"220 2.0.0 go on\r\n")
        if self._host.tls == "fail":
            self._note("starttls", ok=False)
            self._socket.send(HANDSHAKE_FAILURE)
            return self._end()
        self._server.forget(self._socket)
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._shaking = True
        return self._server.watch(self._socket, self._readable)

    def _collect(self):
        """The lines of a message; False: more are to come."""
        *lines, self._in = self._in.split(b"\n")
        for at, line in enumerate(lines):
            if line.rstrip(b"\r") == b".":
                self._in = b"\n".join([*lines[at + 1:], self._in])
                size, self._data = sum(map(len, self._data)), None
                self._answer_later(self._host.data_s, lambda: self._take(size))
                return True
            self._data.append(line)
        return False

    def _take(self, size):
        self._taken += 1
        self._note("message", n=self._taken, recipients=self._recipients, size=size, reply="250")
        self._recipients = []
        return "250 2.0.0 taken"


def _peer(s):
    try:
        return s.getpeername()[0]
    except OSError:
        return "gone"


def _path(arguments):
    match = re.search(r"<([^>]*)>", arguments)
    return match[1] if match else ""


def _server_context(folder):
    files = [folder + "/" + name for name in ("key.pem", "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/CN=mx.test", "-keyout", files[0], "-out", files[1]], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    return context


def main():
    log_path, control, hosts = sys.argv[1:]
    with open(hosts, encoding="utf-8") as f:
        server = Server(log_path, control, json.load(f))
    server.run()


if __name__ == "__main__":
    main()
