#!/usr/bin/python3
"""What stock Postfix asks at delivery time, when, and what its answers do: the ground that egress mode stands on. A
toy answers in place of mxpolicyd, so that a Postfix that behaves otherwise fails here first."""
import re
import subprocess
import time

import tap
from answerer import GONE, Answerer, Counter, wire
from fleet import Fleet, site
from process import wait_for
from tap import case, check, equal, like

PLAIN = site("plain", domains=3)
TWO = site("two", hosts=2)
DEAD = site("dead", addresses=3, dead=2)       # the first two addresses don't answer
BROKEN = site("broken", tls="fail")            # the TLS handshake never succeeds
SECURE = site("secure", tls="ok")
BUSY = site("busy", data_s=0.05, quit_s=0.3)   # for the counting
REFUSING = site("refusing", rcpt=[["^gone", "550 5.1.1 no such user"], ["^later", "450 4.2.1 greylisted"]])
SITES = [PLAIN, TWO, DEAD, BROKEN, SECURE, BUSY, REFUSING]
DOMAINS = [d for s in SITES for d in s.domains]

WAIT_S = 0.7  # how long an answer is held; long beside what a delivery takes here
REUSING = """\
mxp-toy-reuse unix - - y - 20 smtp
  -o smtp_tls_connection_reuse=yes
  -o smtp_connection_reuse_count_limit=4
"""


class Toy:
    """The answers: NOTFOUND but for what a case sets, and mail for our sites goes to mxp-toy-1."""

    def __init__(self):
        self.special = []  # [(map, pattern of keys, answer or function)]; the latest decides

    def __call__(self, asked):
        for name, pattern, answer in reversed(self.special):
            if name == asked.map and re.search(pattern, asked.key):
                answer = answer(asked) if callable(answer) else answer
                if answer is not None:
                    return answer
        if asked.map == "transport" and asked.key.rpartition("@")[2] in DOMAINS:
            return "OK mxp-toy-1:"
        return "NOTFOUND "

    def set(self, name, pattern, answer):
        self.special.append((name, pattern, answer))

    def reset(self):
        self.special.clear()


class Facts:
    def __init__(self, fleet, toy, answerer, hung_up):
        """hung_up: functions that are told of each connection's end."""
        self.fleet, self.node = fleet, fleet.nodes[0]
        self.toy, self.answerer, self.hung_up = toy, answerer, hung_up

    def send(self, recipient, sender="news@shop.test", status="sent", age_s=0):
        """One message; returns its line in the log, and what was asked meanwhile."""
        mark, since = self.node.log.mark(), time.monotonic()
        self.node.queue_up([recipient], sender, age_s)
        line = self.node.log.wait(r"to=<%s>.* status=%s \(.*" % (re.escape(recipient), status), mark)[0]
        return line, self.answerer.find(since=since)

    def clear(self):
        """No special answers, and nothing left in the queue."""
        self.toy.reset()
        self.node.command("postsuper", "-d", "ALL", errors=subprocess.STDOUT)

    @staticmethod
    def recipient(one=PLAIN, domain="plain.test"):
        return one.recipients(1, domain if one is PLAIN else None)[0]

    def late(self, name, pattern):
        """The next answer comes WAIT_S late."""
        held = []

        def answer(asked):
            if not held:
                held.append(asked)
                time.sleep(WAIT_S)
        self.toy.set(name, pattern, answer)


def shape(asked):
    """[(map, key)] with numbers that may differ taken out."""
    return [(a.map, re.sub(r" \d+ IN ", " TTL IN ", a.key)) for a in asked]


def connects(asked):
    """The keys of `connect`, without parent domains."""
    return [a.key for a in asked if a.map == "connect" and a.key[0] != "."]


def delivery(f):
    node = f.node
    with case("one delivery: sender, transport, dns for each record, connect, status, in this order"):
        recipient = f.recipient(TWO)
        _, asked = f.send(recipient)
        qmgr, smtp = [a for a in asked if a.map in ("sender", "transport")], [a for a in asked if a.service]
        equal(shape(qmgr[:2]), [("transport", "*")] * 2, "when it starts")
        equal(shape(qmgr[2:]), [("sender", "news@shop.test"), ("transport", recipient)])
        equal([a.map for a in smtp], ["dns"] * 4 + ["connect", "connect", "status"])
        equal(sorted(shape(smtp[:2])), [("dns", "two.test. TTL IN MX %d mx%d.two.test." % (10 * i, i)) for i in (1, 2)])
        equal(sorted(shape(smtp[2:4])), [("dns", "mx%d.two.test. TTL IN A 10.1.2.%d" % (i, i)) for i in (1, 2)])
        equal(smtp[4].key, "two.test")
        equal(smtp[6].key, "2.0.0 250 2.0.0 taken")
    with case("all tables of a process share one connection; qmgr's resolver and smtp(8) have different ones"):
        equal(len({a.connection for a in smtp}), 1)
        equal(len({a.connection for a in qmgr}), 1)
        check(smtp[0].connection != qmgr[0].connection, "the same connection")
    with case("after NOTFOUND to connect the parent domains are asked, with a leading dot"):
        equal([a.key for a in smtp if a.map == "connect"], ["two.test", ".test"])
    with case('the null sender is asked for as "<>" with quotes, and as <>'):
        _, asked = f.send(f.recipient(), sender="")
        keys = [a.key for a in asked if a.map == "sender"]
        check(keys and set(keys) <= {'"<>"', "<>"}, "asked for %r" % keys)
    with case("for local mail transport is asked without a sender before it"):
        _, asked = f.send("postmaster@" + node.hostname)
        equal({a.map for a in asked}, {"transport"})
    with case("the same sender and recipient in a row are asked about once"):
        recipient = f.recipient()
        _, first = f.send(recipient)
        _, second = f.send(recipient)
        equal([[a.map for a in asked if a.map in ("sender", "transport")] for asked in (first, second)],
              [["sender", "transport"], []])
    with case("a next hop in brackets has A records only"):
        recipient = f.recipient()
        f.toy.set("transport", re.escape(recipient), "OK mxp-toy-1:[mx1.plain.test]:25")
        _, asked = f.send(recipient)
        equal(shape(a for a in asked if a.map == "dns"), [("dns", "mx1.plain.test. TTL IN A 10.1.1.1")])
        equal(connects(asked), ["[mx1.plain.test]:25"])


def transport(f):
    node = f.node
    with case("retry: defers with exactly these words, in the log and in the queue"):
        words = "mxpace: group big: 100 messages are queued for it, next attempt in 2m"
        recipient = f.recipient()
        f.toy.set("transport", re.escape(recipient), "OK retry:4.7.1 " + words)
        line, asked = f.send(recipient, status="deferred")
        like(line, r"dsn=4\.7\.1, status=deferred \(%s\)$" % re.escape(words))
        equal([a for a in asked if a.service], [], "asked by smtp(8)")
        wait_for(lambda: words in node.command("postqueue", "-p"), "postqueue -p to show the words")
        f.toy.reset()
    with case("after retry: the same message in a row is answered from qmgr's cache, another one in between asks anew"):
        mark, since = node.log.mark(), time.monotonic()
        node.flush()
        node.log.wait(r"to=<%s>.* status=deferred" % re.escape(recipient), mark)
        equal(f.answerer.find("transport", re.escape(recipient), since), [])
        f.send(f.recipient())
        node.flush()
        node.log.wait(r"to=<%s>.* status=sent" % re.escape(recipient), mark)
    with case("error: bounces with exactly these words"):
        recipient = f.recipient()
        f.toy.set("transport", re.escape(recipient), "OK error:5.1.1 mxpace: is quarantined")
        line, _ = f.send(recipient, status="bounced")
        like(line, r"dsn=5\.1\.1, status=bounced \(mxpace: is quarantined\)$")
    with case("discard: takes the message and sends nothing"):
        recipient = f.recipient()
        f.toy.set("transport", re.escape(recipient), "OK discard:mxpace: is quarantined")
        f.send(recipient)
        check(recipient not in f.fleet.seen().recipients(), "it was sent")
    with case("OK without a blank behind it counts as not found"):
        recipient = f.recipient()
        f.toy.set("transport", re.escape(recipient), "OK")
        _, asked = f.send(recipient)
        equal([a for a in asked if a.service], [], "asked by smtp(8)")
        f.toy.reset()
    with case("an answer for the address wins over a site's own entry for the domain, listed first"):
        recipient = f.recipient(domain="plain2.test")
        _, asked = f.send(recipient)
        check([a for a in asked if a.service], "it went the site's way")
        recipient = f.recipient(domain="plain2.test")
        f.toy.set("transport", re.escape(recipient), "NOTFOUND ")
        line, _ = f.send(recipient, status="deferred")
        like(line, r"\(the site's own way\)$")
    with case("qmgr asks about one recipient at a time: a late answer delays other domains as much"):
        slow, quick = f.recipient(), f.recipient(domain="plain3.test")
        f.late("sender", "^slow@")
        began = time.monotonic()
        node.queue_up([slow], "slow@shop.test")
        wait_for(lambda: f.answerer.find("sender", "^slow@", began), "the look-up that is held")
        f.send(quick)
        took = time.monotonic() - began
        check(took >= WAIT_S, "it took %.3f s" % took)


def connect(f):
    node = f.node
    with case("a late answer to connect delays that connection and nothing else"):
        slow, quick = f.recipient(), f.recipient(domain="plain3.test")
        f.late("connect", r"^plain\.test$")
        began = time.monotonic()
        node.queue_up([slow])
        wait_for(lambda: f.answerer.find("connect", r"^plain\.test$", began), "the look-up that is held")
        f.send(quick)
        took = time.monotonic() - began
        check(took < WAIT_S, "it took %.3f s" % took)
        node.log.wait(r"to=<%s>.* status=sent" % re.escape(slow))
        f.toy.reset()
    with case("a late answer to dns delays that delivery and nothing else"):
        slow, quick = f.recipient(), f.recipient(domain="plain3.test")
        f.late("dns", r"^plain\.test\.")
        began = time.monotonic()
        node.queue_up([slow])
        wait_for(lambda: f.answerer.find("dns", r"^plain\.test\.", began), "the look-up that is held")
        f.send(quick)
        took = time.monotonic() - began
        check(took < WAIT_S, "it took %.3f s" % took)
        node.log.wait(r"to=<%s>.* status=sent" % re.escape(slow))
        f.toy.reset()
    with case("TEMP to dns defers the message; a warning is logged; connect isn't asked"):
        f.toy.set("dns", r"^plain\.test\.", "TEMP mxpace: no budget")
        mark = node.log.mark()
        recipient = f.recipient()
        line, asked = f.send(recipient, status="deferred")
        like(line, r"dsn=4\.\d\.\d+, status=deferred")
        equal([a for a in asked if a.map == "connect" and a.key == "plain.test"], [])
        node.log.wait(r"warning: .*socketmap:unix:site/map:dns/mxp-toy-1.*", mark)
        f.toy.reset()
    with case("TEMP to connect goes on to the next MX host, which is asked for again; in the end it is deferred"):
        f.toy.set("connect", r"^two\.test$", "TEMP mxpace: no slot")
        mark = node.log.mark()
        line, asked = f.send(f.recipient(TWO), status="deferred")
        equal(connects(asked), ["two.test"] * 2)
        like(line, r"dsn=4\.7\.5, status=deferred \(.*TLS configuration problem")
        check(node.mail.warnings("mxp-toy-1", mark), "no warning in the log")
        f.toy.reset()
    with case("our words in place of it: the answer to status"):
        words = "mxpace: group two: 2 connections in use, waited 60 s"
        f.toy.set("connect", r"^two\.test$", "TEMP mxpace: no slot")
        f.toy.set("status", r"TLS configuration problem", "OK 4.7.1 " + words)
        line, _ = f.send(f.recipient(TWO), status="deferred")
        like(line, r"dsn=4\.7\.1, status=deferred \(%s\)$" % re.escape(words))
        f.toy.reset()
    with case("a denied delivery doesn't stop the domain's next one"):
        since = time.monotonic()
        f.send(f.recipient(TWO))
        equal(len(f.answerer.find("connect", r"^two\.test$", since)), 1)
    with case("connect is asked once for a host with several addresses, of which the first don't answer"):
        f.clear()
        for _ in range(4):  # the order of a host's addresses is by chance
            mark, since = node.log.mark(), time.monotonic()
            recipient = f.recipient(DEAD)
            node.queue_up([recipient])
            node.log.wait(r"to=<%s>.* status=sent" % re.escape(recipient), mark)
            equal(connects(f.answerer.find(since=since)), ["dead.test"])
            if node.log.find(r"connect to mx1\.dead\.test\[[\d.]+\]:25: Connection timed out", mark):
                break
        else:
            raise AssertionError("no dead address was tried")
    with case("a TLS handshake that failed defers a new message"):
        line, _ = f.send(f.recipient(BROKEN), status="deferred")
        like(line, r"dsn=4\.7\.5, status=deferred \(Cannot start TLS: handshake failure\)$")
        f.clear()
    with case("with an older one plaintext is tried, without another connect"):
        before = f.fleet.seen("broken")
        _, asked = f.send(f.recipient(BROKEN), age_s=60)
        equal(connects(asked), ["broken.test"])
        after = f.fleet.seen("broken")
        equal((len(after.connections) - len(before.connections), len(after.messages)), (2, 1))


def status(f):
    node = f.node
    for label, who, answer, wanted in (
            ("a provider's 5xx made a 4xx", "gone", "OK 4.7.1 mxpace: as soft", ("deferred", r"4\.7\.1", "as soft")),
            ("a 4xx made a 5xx", "later", "OK 5.7.1 mxpace: no more", ("bounced", r"5\.7\.1", "mxpace: no more")),
            ("a 4xx that is not made a 2xx", "later", "OK 2.0.0 all is well", ("deferred", r"4\.2\.1", "greylisted"))):
        with case("status: " + label):
            recipient = who + f.recipient(REFUSING)
            f.toy.set("status", r"^[45]", answer)
            line, asked = f.send(recipient, status=wanted[0])
            like(line, r"dsn=%s, status=%s \(.*%s" % (wanted[1], wanted[0], re.escape(wanted[2])))
            key = [a.key for a in asked if a.map == "status"][0]
            like(key, r"^[45]\.\d\.\d host mx1\.refusing\.test\[10\.1\.\d+\.1\] said: [45]50 .* "
                      r"\(in reply to RCPT TO command\)$")
            f.toy.reset()
    with case("the site's own status table sees what ours doesn't answer"):
        recipient = "site" + f.recipient(REFUSING)
        f.toy.set("site", r"ask the site", "OK 4.9.9 the site says so")
        f.fleet.provider.change("mx1.refusing.test", rcpt=[["^site", "450 4.2.2 ask the site"]])
        line, _ = f.send(recipient, status="deferred")
        like(line, r"dsn=4\.9\.9, status=deferred \(the site says so\)$")
    f.clear()


def reuse(f):
    node = f.node
    with case("smtp_connection_reuse_count_limit = 4 means five messages on a connection"):
        recipients = PLAIN.recipients(40, "plain.test")
        since = time.monotonic()
        before = len(f.fleet.seen("plain").messages)
        node.queue_up(recipients)
        f.fleet.wait_messages(before + 40, "plain")
        equal(f.fleet.seen("plain").most_on_one(), 5)
    with case("dns is asked for each delivery, connect not for one on a cached connection"):
        starts = [a for a in f.answerer.find("dns", r"^plain\.test\. ", since)]
        connects = f.answerer.find("connect", r"^plain\.test$", since)
        equal(len(starts), 40)
        check(8 <= len(connects) < 40, "connect was asked %d times" % len(connects))
    for label, name, reused in (("are reused with smtp_tls_connection_reuse", "mxp-toy-reuse", True),
                                ("aren't without it", "mxp-toy-1", False)):
        with case("TLS connections " + label):
            f.toy.set("transport", "@secure", "OK %s:" % name)
            before = f.fleet.seen("secure")
            node.queue_up(SECURE.recipients(15))
            after = f.fleet.wait_messages(len(before.messages) + 15, "secure")
            made = len(after.connections) - len(before.connections)
            check((made < 15) if reused else (made == 15), "%d connections for 15 messages" % made)
            f.toy.reset()


def away(f):
    node = f.node
    with case("a hang-up while an answer is awaited: only that look-up is repeated, on a new connection"):
        hung = []

        def once(asked):
            if not hung:
                hung.append(asked)
                return GONE
            return None
        f.toy.set("connect", r"^plain\.test$", once)
        _, asked = f.send(f.recipient(domain="plain.test"))
        of_it = [a for a in asked if a.map in ("connect", "status") and a.key[0] != "."]
        equal([a.map for a in of_it], ["connect", "connect", "status"])
        equal((of_it[0].key, of_it[1].connection == of_it[2].connection), (of_it[1].key, True))
        check(of_it[0].connection != of_it[1].connection, "the same connection")
        f.toy.reset()
    with case("nobody answers: new mail waits with Postfix's words, is sent later, and once"):
        recipient = f.recipient()
        f.toy.set("sender", "", GONE)
        f.toy.set("transport", "", GONE)
        line, _ = f.send(recipient, status="deferred")
        like(line, r"dsn=4\.3\.0, status=deferred")
        f.toy.reset()
        f.send(f.recipient())  # so that the failure is in qmgr's cache no more
        node.flush()
        node.log.wait(r"to=<%s>.* status=sent" % re.escape(recipient), deadline=20)
        equal(f.fleet.seen().recipients()[recipient], 1)
    with case("status isn't answered: a message that the provider has taken stays sent"):
        recipient = f.recipient()
        f.toy.set("status", "", GONE)
        f.send(recipient, status=r"\w+")
        f.toy.reset()
        node.flush()
        wait_for(lambda: not node.queued(), "the queue to be empty")
        equal(f.fleet.seen().recipients()[recipient], 1)


def counting(f):
    """The judge's own test as well: it must see it when a limit is kept, and when it isn't."""
    total = 0
    for by, wanted in (("kernel", lambda most: most == 3), ("lookups", lambda most: most > 3)):
        with case("connections counted by %s at a limit of 3: %s" % (
                by, "never more" if by == "kernel" else "more, since cached ones aren't among them")):
            counter = Counter(f.node.network, 3, by)
            f.toy.set("connect", "", lambda a, c=counter: c(a))
            f.toy.set("status", "", lambda a, c=counter: c(a))
            f.hung_up.append(counter.hung_up)
            began = time.monotonic()
            f.node.queue_up(BUSY.recipients(60))
            total += 60
            seen = f.fleet.wait_messages(total, "busy")
            most, _ = seen.most_open(since=began)
            check(wanted(most), "%d at once" % most)
            equal(seen.most_on_one(), 5)
            counter.stop()
            f.toy.reset()


def run(fleet):
    node, toy = fleet.nodes[0], Toy()
    path = wire(node, more=["smtp_connect_timeout=1s"],
                before="inline:{ {plain2.test = retry:4.4.4 the site's own way} }",
                after="socketmap:unix:site/map:site")
    node.add_services(REUSING)
    node.set("smtp_tls_security_level = may")
    hung_up = []
    with Answerer(path, toy, lambda number: [tell(number) for tell in hung_up]) as answerer:
        fleet.start()
        f = Facts(fleet, toy, answerer, hung_up)
        for part in (delivery, transport, connect, status, reuse, away, counting):
            part(f)
            toy.reset()


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=SITES, nodes=1, policyd=False)
