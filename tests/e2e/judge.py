"""Judges by what the providers have seen (provider.py's log) and by what Postfix has written to its own log; never by
what mxpace says."""
import collections
import dataclasses
import json
import re

from process import Log

RECENT_S = 0.1  # a connection is of use while a transaction is open on it, and so long afterwards


@dataclasses.dataclass
class Connection:
    number: int
    host: str
    peer: str
    opened: float
    closed: float = None  # None: still open
    mails: int = 0        # transactions begun
    spans: list = dataclasses.field(default_factory=list)  # [begin, end] of transactions; end None: not yet


@dataclasses.dataclass
class Mail:
    t: float
    connection: int
    reply: str


@dataclasses.dataclass
class Message:
    t: float
    connection: int
    recipients: list


class Record:
    """What some hosts have seen, in order of time."""

    def __init__(self, events, hosts=None):
        """hosts: only connections to these names; None: all."""
        self.connections = {}
        self.mails, self.messages = [], []
        self.first = self.last = None
        for event in events:
            self._add(event, hosts)

    @classmethod
    def load(cls, path, hosts=None):
        return cls(read(path), hosts)

    def _add(self, event, hosts):
        number, t, kind = event["c"], event["t"], event["event"]
        if kind == "open" and (hosts is None or event["host"] in hosts):
            self.connections[number] = Connection(number, event["host"], event["peer"], t)
        connection = self.connections.get(number)
        if connection is None:
            return
        self.first, self.last = self.first or t, t
        if kind == "mail":
            connection.mails += 1
            connection.spans.append([t, None])
            self.mails.append(Mail(t, number, event["reply"]))
        elif kind == "message":
            connection.spans[-1][1] = t
            self.messages.append(Message(t, number, event["recipients"]))
        elif kind == "close":
            connection.closed = t
            if connection.spans and connection.spans[-1][1] is None:
                connection.spans[-1][1] = t

    # Limits.

    def check(self, connections=0, messages_per_connection=0, limits=(), since=0.0):
        """AssertionError, with what was seen just then, if any of a rule's limits was exceeded after `since`."""
        most, when = self.most_open(since)
        if connections and most > connections:
            raise AssertionError("%d connections at once, allowed are %d:\n%s" % (most, connections, self.around(when)))
        most = self.most_on_one()
        if messages_per_connection and most > messages_per_connection:
            raise AssertionError("%d messages on one connection, allowed are %d" % (most, messages_per_connection))
        for limit in limits:
            count, period_s = parse(limit)
            most, when = self.most_in(period_s)
            if most > count:
                raise AssertionError("%d messages in a period of %g s from %.3f, allowed are %d"
                                     % (most, period_s, when, count))

    def around(self, when):
        """The connections open then, in words."""
        return "\n".join("  connection %d from %s to %s: opened %.3f s before, %s, closed %s" % (
            c.number, c.peer, c.host, when - c.opened, ", ".join(
                "mail %+.3f..%s" % (a - when, "" if b is None else "%+.3f" % (b - when)) for a, b in c.spans),
            "never" if c.closed is None else "%.3f s later" % (c.closed - when))
            for c in self.connections.values() if c.opened <= when and (c.closed is None or c.closed > when))

    def most_open(self, since=0.0, until=float("inf")):
        """(connections open at once at most, when)."""
        changes = []
        for at, c in enumerate(self.connections.values()):
            changes.append((c.opened, 1, at))
            if c.closed is not None:
                changes.append((c.closed, 0, at))
        return _peak(sorted(changes), since, until)

    def most_on_one(self):
        """Transactions on one connection, at most."""
        return max((c.mails for c in self.connections.values()), default=0)

    def most_in(self, period_s, accepted_only=False):
        """(messages begun within any period at most, when it began)."""
        window, most, when = collections.deque(), 0, None
        for mail in self.mails:
            if accepted_only and mail.reply[0] != "2":
                continue
            window.append(mail.t)
            while window[0] <= mail.t - period_s:
                window.popleft()
            if len(window) > most:
                most, when = len(window), window[0]
        return most, when

    # Use.

    def busy_share(self, connections, begin, end):
        """How much of so many connections was in use from begin to end: 1 is all of it."""
        spans = []
        for c in self.connections.values():
            for start, stop in c.spans:
                stop = self.last if stop is None else min(stop + RECENT_S, c.closed or float("inf"))
                spans.append((max(start, begin), min(stop, end)))
                if len(c.spans) > 1 and start != c.spans[0][0] and len(spans) > 1:
                    before = spans[-2]  # of the same connection: the two may overlap
                    spans[-2] = (before[0], min(before[1], max(start, begin)))
        return sum(max(0.0, stop - start) for start, stop in spans) / (connections * (end - begin))

    def budget_share(self, limit, period_s, begin, end):
        """Messages begun from begin to end, as far as these are whole periods, beside what the limit allows then."""
        end = begin + max(1, (end - begin) // period_s) * period_s
        count = sum(begin <= mail.t < end for mail in self.mails)
        return count / (limit * (end - begin) / period_s)

    def use(self, total, connections=0, limits=(), after_s=10.0):
        """How well the limits were used, whichever binds, while there was a backlog: from after_s after the beginning
        until less than twice the limit was left of `total` messages."""
        left = 2 * max([connections, *(parse(limit)[0] for limit in limits)])
        begin, end = self.first + after_s, self.time_of(max(1, total - left))
        if end <= begin:
            raise AssertionError("the backlog lasted %.1f s only: nothing to judge" % (end - self.first))
        shares = [self.busy_share(connections, begin, end)] if connections else []
        shares += [self.budget_share(*parse(limit), begin, end) for limit in limits]
        return max(shares)

    def time_of(self, number):
        """When the number-th message was taken."""
        if len(self.messages) < number:
            raise AssertionError("%d messages were taken, not %d" % (len(self.messages), number))
        return self.messages[number - 1].t

    # Messages.

    def recipients(self):
        return collections.Counter(r for message in self.messages for r in message.recipients)

    def lost_and_doubled(self, wanted):
        """Recipients that should have got one message: (those with none, those with several)."""
        got = self.recipients()
        return [r for r in wanted if not got[r]], [r for r in wanted if got[r] > 1]

    def refused(self, code="421", since=0.0, until=float("inf")):
        """How many MAIL commands were answered so."""
        return sum(since <= mail.t < until and mail.reply.startswith(code) for mail in self.mails)

    def rate(self, begin, end):
        """Messages a second."""
        return sum(begin <= message.t < end for message in self.messages) / (end - begin)

    def by_host(self):
        """{host: connections}"""
        return dict(collections.Counter(c.host for c in self.connections.values()))


def parse(limit):
    """(messages, seconds) of "40/10s" """
    count, period = limit.split("/")
    return int(count), float(period[:-1]) * {"s": 1, "m": 60, "h": 3600}[period[-1]]


def _peak(changes, since, until):
    """changes: (time, 1 or 0, anything), an end before a beginning at the same time."""
    now, most, when = 0, 0, None
    for t, begins, _ in changes:
        now += 1 if begins else -1
        if begins and now > most and since <= t < until:
            most, when = now, t
    return most, when


def read(path):
    """The events of the log so far."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.endswith("\n"):
                return  # being written
            yield json.loads(line)


class Watch:
    """Counts messages in a growing log without reading it anew each time."""

    def __init__(self, path, hosts=None):
        self._path, self._hosts = path, hosts
        self._at, self._rest, self._count = 0, b"", 0
        self._ours = set()

    def messages(self):
        with open(self._path, "rb") as f:
            f.seek(self._at)
            data = f.read()
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if b'"open"' in line or b'"message"' in line:
                event = json.loads(line)
                if event["event"] == "open" and (self._hosts is None or event["host"] in self._hosts):
                    self._ours.add(event["c"])
                elif event["event"] == "message":
                    self._count += event["c"] in self._ours
        return self._count


class MailLog:
    """What Postfix has written."""

    SENT, DEFERRED, BOUNCED = "sent", "deferred", "bounced"

    def __init__(self, path):
        self._log = Log(path)

    def status(self, status, pattern="", since=0):
        """Lines of recipients that ended so, their text matching pattern."""
        return [line for line in self._log.lines(r" status=%s \(" % status, since)
                if re.search(pattern, line.partition(" status=")[2])]

    def warnings(self, pattern="", since=0):
        """Without those of the machine: around the turn of a second the kernel stamps a file with the next one already."""
        machine = r"(?!file system clock is 1 seconds ahead|resetting file time stamps)"
        return self._log.lines(r": (?:warning|error|fatal|panic): %s.*(?:%s)" % (machine, pattern), since)

    def denied(self, since=0):
        """Deferred because of mxpace at delivery (not by qmgr's resolver)."""
        return [line for line in self.status(self.DEFERRED, since=since) if "mxpace" in line and "/error[" not in line]

    def delivered(self, since=0):
        return len(self.status(self.SENT, since=since))

    def deferred_otherwise(self, since=0):
        """Deferred by anybody but mxpace."""
        return [line for line in self.status(self.DEFERRED, since=since) if "mxpace" not in line]
