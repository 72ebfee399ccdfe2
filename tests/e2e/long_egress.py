#!/usr/bin/python3
"""Egress, the long proofs, one program each: long_egress.py NAME; without a name it lists them. `make check-long` runs
them one by one. What the providers have seen is judged, and each prints the figures it judged by."""
import contextlib
import signal
import sys
import time

import tap
from answerer import Answerer
from fleet import PROPOSED, SOON, Fleet, rule, site
from judge import parse
from process import wait_for
from tap import case, check, comment, equal

USE = 0.9
DENIED = 0.01  # of the deliveries
TAKES_S = 0.3  # a provider over a message, unless it is to be slower
BIG = {"connections": 6, "messages_per_connection": 5}
TIGHT = {"connections": 2, "limits": ["40/10s"]}
TLS = ("smtp_tls_security_level = may",)
SITE_MAP = "smtp_tls_policy_maps = socketmap:unix:site/policy:tls"


def figures(f, name, limits, total, use=None):
    """Within limits, and used; the figures as comments."""
    seen = f.seen(name)
    share = None
    with contextlib.suppress(AssertionError):
        share = seen.use(total, limits.get("connections", 0), limits.get("limits", ()))
    figure = ["%d messages over %d connections in %.1f s" % (
        len(seen.messages), len(seen.connections), seen.last - seen.first)]
    figure.append("open at once at most %d of %s" % (seen.most_open()[0], limits.get("connections", "any")))
    figure.append("on one %d of %s" % (seen.most_on_one(), limits.get("messages_per_connection", "any")))
    figure += ["%d of %s" % (seen.most_in(parse(text)[1])[0], text) for text in limits.get("limits", ())]
    figure.append("use not judged" if share is None else "use %.3f" % share)
    comment("%s: %s" % (name, "; ".join(figure)))
    with case("%s: within its limits" % name):
        seen.check(**limits)
    if use:
        with case("%s: use of at least %g" % (name, use)):
            check(share is not None, "the backlog was too short")
            check(share >= use, "%.3f" % share)
    return seen


def once(seen, recipients, doubled=0):
    lost, twice = seen.lost_and_doubled(recipients)
    comment("lost %d, sent twice %d" % (len(lost), len(twice)))
    equal(len(lost), 0, "lost")
    check(len(twice) <= doubled, "sent twice: %d" % len(twice))


def words(f, others=False, denials=True):
    """Every deferral of ours says so, denials are few, Postfix's warnings are counted."""
    denied = sum(len(node.mail.denied()) for node in f.nodes)
    delivered = sum(node.mail.delivered() for node in f.nodes)
    warnings = [line for node in f.nodes for line in node.mail.warnings()]
    comment("denied %d of %d deliveries; %d warnings, of them %d for a TEMP of ours" % (
        denied, denied + delivered, len(warnings), sum("temporary error: mxpace" in line for line in warnings)))
    if denials:
        with case("denials are under %g %% of deliveries" % (100 * DENIED)):
            check(denied < DENIED * (denied + delivered), "%d of %d" % (denied, denied + delivered))
    if not others:
        with case("every deferral carries mxpace's words"):
            equal([line for node in f.nodes for line in node.mail.deferred_otherwise()][:3], [])


# 1: limits are kept and used, whatever the provider is like.

def variant(count=3000, use=USE, tight_use=USE, more=(), maps=None, others=False, **options):
    """(options of Fleet, what is done). options: of the big provider's hosts. maps: the site's own TLS policy table.
    A use of None is not judged: a period shorter than 20 times a delivery is exempt."""
    big = site("big", domains=20, **{"hosts": 2, "data_s": TAKES_S, **options})
    tight = site("tight", data_s=0.1)

    def run(f):
        with contextlib.ExitStack() as stack:
            for node in f.nodes if maps else ():
                stack.enter_context(Answerer(node.site_socket(), maps()))
            recipients = {"big": big.recipients(count), "tight": tight.recipients(200)}
            for name in recipients:
                f.queue_up(recipients[name])
            f.start()
            with case("all mail is delivered"):
                f.wait_messages(sum(map(len, recipients.values())), deadline=900)
            once_label = "%s: each message once"
            for name, limits, wanted in (("big", BIG, use), ("tight", TIGHT, tight_use)):
                seen = figures(f, name, limits, len(recipients[name]), wanted)
                with case(once_label % name):
                    once(seen, recipients[name])
            words(f, others)
    return {"sites": [big, tight], "rules": [rule("big", **BIG), rule("tight", **TIGHT)], "main": (*SOON, *more)}, run


def slow_map():
    def answer(_):
        time.sleep(2)
        return "NOTFOUND "
    return answer


def answering_map():
    return lambda _: "OK may"


def failing_map():
    """Every third look-up."""
    count = [0]

    def answer(_):
        count[0] += 1
        return "TEMP the site's table fails" if count[0] % 3 == 0 else "NOTFOUND "
    return answer


# 2: faults while mail flows.

class Faults:
    SETTLE_S, LOOK_S = 5.0, 10.0  # use is judged from so long after a fault is over, for so long
    RECOVERED = 0.8               # of so short a time; the other programs ask for USE of a long one

    def __init__(self, f):
        self.f = f
        self.doubled = 0  # messages that may have been sent twice, since a node lost its power

    def policyd(self):
        a = self.f.policyd_of("a")
        a.send(signal.SIGKILL)
        a.wait()
        a.start()

    def node(self):
        b = self.f.node("b")
        self.doubled = BIG["connections"]
        self.f.policyd_of("b").send(signal.SIGKILL)
        b.kill()
        time.sleep(10)
        self.f.policyd_of("b").start()
        b.start()

    def redis_with_data(self):
        self.f.redis.kill()
        self.f.redis.start("--appendonly", "yes")

    def redis_without_data(self):
        self.f.redis.kill()
        self.f.redis.start("--appendonly", "yes", "--appenddirname", "empty%d" % time.monotonic())

    def redis_silent(self):
        self.f.redis.pause()
        time.sleep(20)
        self.f.redis.resume()

    def run(self):
        f, big = self.f, self.f.sites["big"]
        f.redis.kill()
        f.redis.start("--appendonly", "yes")
        recipients = big.recipients(3500)
        f.queue_up(recipients)
        f.start()
        f.wait_messages(200, "big", deadline=60)
        for label, strike in (("mxpolicyd of a node is killed and started again", self.policyd),
                              ("a whole node is killed, and back after 10 s", self.node),
                              ("Redis is restarted with its data", self.redis_with_data),
                              ("Redis is restarted without its data", self.redis_without_data),
                              ("Redis stops for 20 s", self.redis_silent)):
            began = time.monotonic()
            strike()
            over = time.monotonic()
            time.sleep(self.SETTLE_S + self.LOOK_S)  # this time is what is judged
            seen = f.seen("big")
            share = seen.busy_share(BIG["connections"], over + self.SETTLE_S, over + self.SETTLE_S + self.LOOK_S)
            comment("%s: at most %d open, use %.3f from %g s after" % (
                label, seen.most_open(began)[0], share, self.SETTLE_S))
            with case(label + ": limits hold"):
                seen.check(since=began, **BIG)
            with case(label + ": use recovers within %g s" % self.SETTLE_S):
                check(share >= self.RECOVERED, "%.3f" % share)
        with case("all mail is delivered"):
            wait_for(lambda: not f.seen("big").lost_and_doubled(recipients)[0], "all to be delivered", 600, every=1)
        with case("no message is lost, none sent twice but by the loss of power"):
            once(f.seen("big"), recipients, self.doubled)
        figures(f, "big", BIG, len(recipients))


# 3: the primary MX refuses connections.

def backup(f):
    one = f.sites["backup"]
    limits = {"connections": 3}
    first, second = one.recipients(200), one.recipients(200)
    f.queue_up(first)
    f.start()
    f.wait_messages(len(first), "backup")
    with case("all goes to the backup while the primary refuses"):
        equal(set(f.seen("backup").by_host()), {"mx2.backup.test"})
    f.provider.change("mx1.backup.test", refuses=False)
    mark = time.monotonic()
    f.queue_up(second)
    f.wait_messages(len(first) + len(second), "backup")
    seen = figures(f, "backup", limits, 400)
    with case("all goes to the primary again when it answers"):
        hosts = [c.host for c in seen.connections.values() if c.opened > mark]
        count = hosts.count("mx1.backup.test")
        check(count > 0.9 * len(hosts), "%d of %d" % (count, len(hosts)))
    with case("each message once"):
        once(seen, first + second)


# 4: a provider that accepts so many a second.

RATE = 20.0
CHANGES = ((60, RATE / 2), (300, RATE), (420, None))  # seconds after the start, the rate from then on
TOO_FAST = {"match": "too many messages", "sample": "421 4.7.0 too many messages from your address, try again later",
            "after": "2/1m", "action": "reduce", "factor": 0.8, "min": 60, "for": "10s"}


def bucket(f):
    """Each from a node of its own: what is refused all the time keeps a qmgr busy."""
    names = ("with", "without")
    for name, node in zip(names, f.nodes):
        node.queue_up(f.sites[name].recipients(9000))
        f.provider.rate(name, RATE)
    f.start()
    began, rate, since = time.monotonic(), RATE, 0
    for at, following in CHANGES:
        time.sleep(max(0.0, began + at - time.monotonic()))  # the provider changes at these times
        seen = {name: f.seen(name) for name in names}
        for name in names:
            comment("%s backoff, %d to %d s, %g a second: %.1f a second, %.1f after the first 60 s; %d 421s" % (
                name, since, at, rate, seen[name].rate(began + since, began + at),
                seen[name].rate(began + since + 60, began + at) if at - since > 60 else float("nan"),
                seen[name].refused(since=began + since, until=began + at)))
        if at - since > 60:
            with case("%d to %d s: throughput of at least 80 %% of %g a second" % (since, at, rate)):
                got = seen["with"].rate(began + since + 60, began + at)
                check(got >= 0.8 * rate, "%.1f" % got)
        since = at
        if following is not None:
            rate = following
            for name in names:
                f.provider.rate(name, rate)
    with case("at least 90 % fewer 421s than without backoff"):
        counts = [seen[name].refused() for name in names]
        comment("421s: %d with, %d without" % tuple(counts))
        check(counts[0] <= 0.1 * counts[1], "%d and %d" % tuple(counts))


# 5: a flood for others doesn't hold up the healthy.

FLOOD = 30000
HEALTHY_S = 2.0


def flood(f):
    f.queue_up(f.sites["slow"].recipients(FLOOD))
    f.queue_up(f.sites["hanging"].recipients(500))
    f.queue_up(["u@d%d.silent.test" % i for i in range(1000)])
    f.start()
    began = time.monotonic()
    node, sent, taken_in = f.node("a"), {}, None
    while taken_in is None or time.monotonic() < taken_in + 120:
        for name in ("own", "shared"):
            recipient = f.sites[name].recipients(1)[0]
            sent[recipient] = time.monotonic()
            node.queue_up([recipient])
        time.sleep(1)  # so often does somebody write to them
        if taken_in is None and node.incoming() < 100:
            taken_in = time.monotonic()
    comment("qmgr took %.1f s to open all that was queued at once" % (taken_in - began))
    with case("all mail for the healthy is delivered"):
        wait_for(lambda: not f.seen().lost_and_doubled(sent)[0], "the healthy ones' mail", 30, every=0.2)
    took = {m.recipients[0]: m.t - sent[m.recipients[0]] for m in f.seen().messages if m.recipients[0] in sent}
    for name in ("own", "shared"):
        mine = [(sent[r] >= taken_in, d) for r, d in took.items() if r.endswith("@%s.test" % name)]
        early, late = (sorted(d for was_late, d in mine if was_late == wanted) for wanted in (False, True))
        for label, delays in (("meanwhile", early), ("afterwards", late)):
            comment("%s, %s: %d messages, median %.3f s, longest %.3f s" % (
                name, label, len(delays), delays[len(delays) // 2], delays[-1]))
        with case("mail for a healthy site in %s transport waits %g s at most" % (
                "its own" if name == "own" else "the shared", HEALTHY_S)):
            check(late[-1] <= HEALTHY_S, "%.3f s" % late[-1])
    with case("the slow one got no more than its limit"):
        f.seen("slow").check(limits=["10/1m"])


# 6: the budget of a quarter of an hour.

MINUTE = {"limits": ["120/1m"]}
QUARTER_S = 900


def quarter(f):
    total = 3000
    f.queue_up(f.sites["budget"].recipients(total))
    f.start()
    f.wait_messages(1, "budget")
    time.sleep(QUARTER_S + 10)  # this time is what is judged
    seen = figures(f, "budget", MINUTE, total)
    with case("at least 90 % of the budget used"):
        share = seen.budget_share(*parse(MINUTE["limits"][0]), seen.first + 10, seen.first + 10 + QUARTER_S)
        comment("budget used: %.3f" % share)
        check(share >= USE, "%.3f" % share)
    words(f, denials=False)  # they are its price: a message every 1.5 s on each node, and many look-ups that wait


def one_fleet(run, *sites, **options):
    return {"sites": sites, **options}, run


def scenarios():
    default = {"messages_per_connection": 20, "connections": 5}
    return {
        "reuse": variant(),
        "no-reuse": variant(more=["smtp_connection_cache_on_demand = no"]),
        "tls": variant(tls="ok", more=[*TLS, "smtp_tls_connection_reuse = yes"]),
        "tls-no-reuse": variant(tls="ok", more=TLS),
        "two-seconds": variant(count=1500, data_s=2.0),
        "slow-quit": variant(count=2000, quit_s=0.3, data_s=1.0),
        "dead-addresses": variant(count=300, use=None, others=True, hosts=[{}], addresses=4, dead=2,
                                  more=["smtp_connect_timeout = 3s"]),
        "handshake-fails": variant(count=300, use=None, others=True, tls="fail", more=TLS),
        "site-map-slow": variant(count=1000, use=None, tight_use=None, maps=slow_map, more=[SITE_MAP]),
        "site-map-answers": variant(maps=answering_map, more=[SITE_MAP]),
        "site-map-fails": variant(count=1000, use=None, maps=failing_map, others=True, more=[SITE_MAP]),
        "ipv6": variant(family="ipv6"),
        "faults": one_fleet(lambda f: Faults(f).run(), site("big", domains=20, hosts=2, data_s=TAKES_S),
                            rules=[rule("big", **BIG)]),
        "backup": one_fleet(backup, site("backup", hosts=[{"refuses": True}, {}], data_s=0.1),
                            rules=[rule("backup", connections=3)]),
        "bucket": one_fleet(bucket, *(site(name, bucket=name, data_s=0.05) for name in ("with", "without")), nodes=2,
                            rules=[rule("with", connections=20, backoff=[TOO_FAST]), rule("without", connections=20)]),
        "flood": one_fleet(flood, site("slow"), site("hanging", hang=True), site("own"), site("shared"), nodes=1,
                           rules=[rule("slow", limits=["10/1m"], connections=5),
                                  rule("own", messages_per_connection=7)],
                           default=default, main=PROPOSED),
        "quarter": one_fleet(quarter, site("budget", domains=5, data_s=0.1), rules=[rule("budget", **MINUTE)],
                             main=PROPOSED),
    }


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in scenarios():
        print("\n".join(scenarios()))
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_egress " + sys.argv[1])
    options, run = scenarios()[sys.argv[1]]
    tap.main(run, kind=Fleet, deadline_s=1800, **options)


if __name__ == "__main__":
    main()
