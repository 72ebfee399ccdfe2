"""The providers of the egress tests: one process that serves all their MX hosts and logs what it sees, the judge's
only source. The process itself is provider_server.py.

Options of a host, all of which may change while it runs (Provider.change()):

    addresses  where it listens                 refuses  true: connections are refused
    banner_s   before the greeting              hang     true: connections are taken, and nothing is ever said
    mail_s     before the answer to MAIL        banner   the greeting, if it is not 220; 4xx and 5xx hang up
    data_s     before the answer to the message tls      "ok", or "fail": the handshake never succeeds
    quit_s     from QUIT to the close           bucket   a name; a token bucket that hosts may share, see rate()
                                                rcpt     [[pattern, reply], ...] for recipients; 421 hangs up

Log: a JSON object a line; `t` is time.monotonic() (one clock for all processes of the machine), `c` numbers the
connection. Events: open (host, ip, peer), ehlo, starttls (ok), mail (sender, reply: the judged moment), message (n of
the connection, recipients, size, reply), quit, close.
"""
import json
import os
import socket
import sys

from process import Process, wait_for

OPTIONS = {"addresses": [], "refuses": False, "hang": False, "banner": "", "tls": "", "bucket": "", "rcpt": [],
           "banner_s": 0.0, "mail_s": 0.0, "data_s": 0.0, "quit_s": 0.0}
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "provider_server.py")


def check_options(options):
    unknown = set(options) - set(OPTIONS)
    if unknown:
        raise ValueError("unknown options: %s" % ", ".join(sorted(unknown)))
    return options


class Provider:
    """The process, for a test: launch(), ready(), stop() as the world's other parts."""

    def __init__(self, folder, log_path, hosts):
        """hosts: {name: options}"""
        self.log_path = log_path
        self._folder = folder
        self._hosts = {name: check_options(options) for name, options in hosts.items()}
        self._control = folder + "/control"
        self._process = None

    def launch(self):
        os.makedirs(self._folder, exist_ok=True)
        with open(self._folder + "/hosts", "w", encoding="utf-8") as f:
            json.dump(self._hosts, f)
        argv = [sys.executable, SERVER, self.log_path, self._control, self._folder + "/hosts"]
        self._process = Process("provider", argv, self._folder + "/log")

    def ready(self):
        def answers():
            if not self._process.running():
                raise AssertionError("the provider ended: " + "; ".join(self._process.log.tail(5)))
            return os.path.exists(self._control)
        wait_for(answers, "the provider", 20)

    def stop(self):
        if self._process is not None:
            self._process.stop()

    def change(self, host, **options):
        """From now on, for connections that are open too (but refuses: they stay open)."""
        self._tell({"host": host, "options": check_options(options)})

    def rate(self, bucket, messages_per_s):
        """What the bucket takes in from now on; 0: it is never empty, which is how it begins."""
        self._tell({"bucket": bucket, "rate": messages_per_s})

    def _tell(self, order):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(20)
            s.connect(self._control)
            s.sendall(json.dumps(order).encode() + b"\n")
            answer = s.makefile().readline()
        if answer != "ok\n":
            raise AssertionError("the provider answers %r to %r" % (answer, order))
