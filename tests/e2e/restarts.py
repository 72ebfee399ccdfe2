"""Restarts of mxpolicyd under load, in both modes that enforce: what test_restart*.py do a few times and long_restarts.py a
hundred times. Judged by Postfix's log, by what SMTP clients were told, and by the providers' logs."""
import collections
import signal
import smtplib
import threading
import time

from fleet import SOON, rule, site
from judge import MailLog, parse
from manager import Managed
from process import wait_for
from tap import case, check, comment, equal
from world import ADMISSION, CONF, DEFAULT_RULE, HOSTS, DOMAINS

CLIENTS = 4  # SMTP sessions for each provider
WIDE, TIGHT = "100000/1h", "8/1s"
ADMISSION_RULES = [{"name": "wide", "mx": ["mx1.foo.test"], "limits": [WIDE], "connections": CLIENTS},
                   {"name": "tight", "mx": ["*.twin.test"], "limits": [TIGHT]}, DEFAULT_RULE]
ADMISSION_WORLD = {"rules": ADMISSION_RULES, "postfix": 1, "examples": ADMISSION, "hosts": HOSTS, "domains": DOMAINS}

BIG = {"connections": 4, "messages_per_connection": 5}
SLOW = {"connections": 2, "limits": ["20/5s"]}
EGRESS_FLEET = {"sites": [site("big", domains=5, hosts=2, data_s=0.1), site("slow", data_s=0.05)],
                "rules": [rule("big", **BIG), rule("slow", **SLOW)], "nodes": 1, "main": SOON, "policyd": False}


# How it is restarted. Each gives a function that does it once.

def by_systemd(w, *sockets):
    """SIGTERM, and the next one has its sockets and connections. sockets: kinds of sockets, for World.socket_path()."""
    w.write_conf(CONF, "a")
    return w.adopt(Managed(w, "a", CONF, [w.socket_path("a", *kind) for kind in sockets])).restart


def in_place(w, *_):
    """SIGUSR2, without anybody's help."""
    node = w.policyd("a")

    def restart():
        since, pid = node.log.mark(), node.pid
        node.send(signal.SIGUSR2)
        node.log.wait("info: ready: ", since)
        equal(node.pid, pid)
    return restart


def by_hand(w, *_):
    """SIGTERM, then started: nobody keeps anything."""
    node = w.policyd("a")

    def restart():
        node.stop()
        node.start()
    return restart


ADMISSION_SOCKETS, EGRESS_SOCKETS = [()], [(), ("map",)]


class Senders:
    """SMTP clients that send one message after the other over sessions they keep, two recipients each."""

    def __init__(self, postfix, domains):
        self._stop = threading.Event()
        self.sent = collections.Counter()   # {domain: messages accepted}
        self.grants = {d: [] for d in domains}   # (asked, answered) of first recipients that were accepted
        self.refused = collections.defaultdict(list)
        self.errors = []
        self._threads = [threading.Thread(target=self._client, args=(postfix, d), daemon=True)
                         for d in domains for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _client(self, postfix, domain):
        try:
            with postfix.connect() as session:
                while not self._stop.is_set():
                    self._send(session, domain)
        except (OSError, smtplib.SMTPException) as e:
            self.errors.append("%s: %r" % (domain, e))

    def _send(self, session, domain):
        session.mail("news@shop.test")
        asked = time.monotonic()
        answers = [session.rcpt("u%d@%s" % (i, domain)) for i in range(2)]
        if answers[0][0] == 250:
            self.grants[domain].append((asked, time.monotonic()))
        for code, text in answers:
            if code != 250:
                self.refused[domain].append("%d %s" % (code, text.decode()))
        if any(code == 250 for code, _ in answers):
            session.data("Subject: News\n\nHello\n")
            self.sent[domain] += 1
        else:
            session.rset()
            self._stop.wait(0.05)


def excess(grants, count, period):
    """Seconds between the first question and the last answer of count + 1 grants that were certainly within one period."""
    grants = sorted(grants)
    for i in range(len(grants) - count):
        span = max(answered for _, answered in grants[i:i + count + 1]) - grants[i][0]
        if span < period:
            return span
    return None


def _sent_in_redis(w, group):
    """How many messages mxpace has counted for it in the last hour."""
    total = 0
    for key in w.redis.keys("mxpace:{g:%s}:sent:*" % group):
        total += sum(int(count) for bucket, count in w.redis.hash(key).items() if bucket.isdigit())
    return total


def _repeat(times, restart, progress, step):
    """restart() so often, each time after `step` more of progress()."""
    took = []
    for _ in range(times):
        before = progress()
        wait_for(lambda before=before: progress() >= before + step, "mail to flow", 30, every=0.01)
        began = time.monotonic()
        restart()
        took.append(time.monotonic() - began)
    return took


def _unnoticed(mail, since, noticed):
    """By Postfix; noticed: it may, and it is only told how much."""
    warnings, deferred = mail.warnings(since=since), mail.status(mail.DEFERRED, since=since)
    comment("%d warnings of Postfix's, %d deferrals" % (len(warnings), len(deferred)))
    if noticed:
        return
    with case("no warning of Postfix's"):
        equal(warnings[:5], [])
    with case("nothing deferred"):
        equal(deferred[:5], [])


def admission(w, times, how, noticed=False):
    """how: one of the above."""
    restart = how(w, *ADMISSION_SOCKETS)
    w.postfix.stop()
    w.postfix.set("smtpd_error_sleep_time = 0s", "smtpd_hard_error_limit = 100000")  # it is not clients that are tried
    w.postfix.start()
    mail, since = MailLog(w.postfix.log.path), w.postfix.log.mark()
    counted, (tight, period) = _sent_in_redis(w, "wide"), parse(TIGHT)
    with Senders(w.postfix, ["foo.test", "twin.test"]) as senders:
        took = _repeat(times, restart, lambda: senders.sent["foo.test"], 5)
        wait_for(lambda: len(senders.grants["twin.test"]) > 3 * tight, "the tight limit to be used", every=0.05)
    comment("%d restarts of %.3f s on average; %d messages for the wide limit, %d for the tight one" % (
        times, sum(took) / times, senders.sent["foo.test"], senders.sent["twin.test"]))
    with case("every session went on"):
        equal(senders.errors, [])
    with case("nobody was refused for want of an answer"):
        equal(senders.refused["foo.test"][:3], [])
        equal([a for a in senders.refused["twin.test"] if "limit %s reached" % TIGHT not in a][:3], [])
    if not noticed:
        with case("each message was counted once"):
            equal(_sent_in_redis(w, "wide") - counted, senders.sent["foo.test"])
    with case("the tight limit holds"):
        span = excess(senders.grants["twin.test"], tight, period)
        check(span is None, "%d messages and one more in %s s" % (tight, span))
    _unnoticed(mail, since, noticed)


def egress(f, times, how, noticed=False, step=6):
    """A backlog that is held all the time, for as long as the restarts take."""
    restart = how(f, *EGRESS_SOCKETS)
    f.set_up(f.nodes[0])
    f.start()
    node, recipients, since = f.nodes[0], {"big": [], "slow": []}, f.nodes[0].log.mark()
    before = len(f.seen("big").messages)

    def feed():
        """More than the restarts will see."""
        for name, count in (("big", 60), ("slow", 10)):
            more = f.sites[name].recipients(count)
            recipients[name] += more
            node.queue_up(more)

    def flows():
        done = len(f.seen("big").messages) - before
        if len(recipients["big"]) - done < 40:
            feed()
        return done
    feed()
    took = _repeat(times, restart, flows, step)
    with case("all mail is delivered"):
        wanted = recipients["big"] + recipients["slow"]
        wait_for(lambda: not f.seen().lost_and_doubled(wanted)[0], "all mail", 90, every=0.1)
    comment("%d restarts of %.3f s on average, %d messages" % (
        times, sum(took) / times, sum(map(len, recipients.values()))))
    for name, limits in (("big", BIG), ("slow", SLOW)):
        seen = f.seen(name)
        comment("%s: open at once at most %d of %d, on one at most %d%s" % (
            name, seen.most_open()[0], limits["connections"], seen.most_on_one(),
            "".join(", %d of %s" % (seen.most_in(5)[0], text) for text in limits.get("limits", ()))))
        with case("%s is within its limits" % name):
            seen.check(**limits)
        with case("%s got each message once" % name):
            equal(seen.lost_and_doubled(recipients[name])[1], [])
    _unnoticed(node.mail, since, noticed)
