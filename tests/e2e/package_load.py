"""Mail and look-ups that go on while something happens to mxpolicyd, and what became of them."""
import smtplib
import threading
import time

from map_client import MapClient
from process import wait_for

SENDER = "news@bounces.example.com"


def most_in(times, seconds):
    """The most of them within any so many seconds."""
    times = sorted(times)
    first = most = 0
    for last, when in enumerate(times):
        while when - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_open(records):
    """Of a sink's connections, at once."""
    now = most = 0
    for record in records:
        now += {"open": 1, "close": -1}.get(record["event"], 0)
        most = max(most, now)
    return most


class Load:
    """with Load(machine, "bulk.example") as load: ...   A message every `pause_s` to NAME0, NAME1, ..., and look-ups without
    a pause."""

    def __init__(self, machine, domain, pause_s=0.04, name="load"):
        self._machine, self._domain, self._pause, self._name = machine, domain, pause_s, name
        self.sent, self.asked, self.longest_s, self.failures = [], 0, 0.0, []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._guarded, args=(what,), daemon=True)
                         for what in (self._mail, self._ask)]

    def _guarded(self, what):
        try:
            what()
        except Exception as e:  # pylint: disable=broad-except
            self.failures.append("%s: %r" % (what.__name__, e))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(120)

    def wait(self, messages):
        """Until so many more have been sent, so that what comes next is under load."""
        wanted = len(self.sent) + messages
        wait_for(lambda: self.failures or len(self.sent) >= wanted, "more mail to be sent", 60)

    def _mail(self):
        with self._machine.network:  # this thread's
            while not self._over.wait(self._pause):
                recipient = "%s%d@%s" % (self._name, len(self.sent), self._domain)
                submit([recipient])
                self.sent.append(recipient)

    def _ask(self):
        """As trivial-rewrite(8) does: when the server hangs up, once more over a new connection, and no third time."""
        client = None
        while not self._over.is_set():
            began = time.monotonic()
            for last in (False, True):
                try:
                    client = client or MapClient(self._machine.path("/var/spool/postfix/mxpace/map"))
                    answer = client.transport(SENDER, "ann@" + self._domain)
                    break
                except (OSError, AssertionError):
                    client = None
                    if last:
                        raise
            if not answer.startswith("OK mxp-"):
                raise AssertionError("look-up: " + answer)
            self.asked += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self._over.wait(0.005)


def submit(recipients, sender=SENDER):
    """A message for each, to the Postfix of the network that the thread is in."""
    with smtplib.SMTP("127.0.0.1", timeout=60, local_hostname="client.example.com") as session:
        for recipient in recipients:
            session.sendmail(sender, [recipient], "From: <%s>\nSubject: news\n\nHello\n" % sender)
