#!/usr/bin/python3
"""enforce = "observe": Postfix delivers as if mxpace weren't there, and the log says what egress would have done."""
import re

import tap
from fleet import Fleet, rule, site
from process import wait_for
from tap import case, check, equal

SITES = {"crowded": {"connections": 2}, "hasty": {"limits": ["20/10s"]}}
WOULD = {"crowded": r"observe: would hold: group=crowded .*\d+ of 2 connections in use",
         "hasty": r"observe: would hold: group=hasty .*limit 20/10s reached, next message in \d"}
COUNT = 80
ROUNDS = 8  # the first ones while mxpolicyd is starting and counts nothing yet


def wait_idle(f, name):
    """A delivery by an idle connection would not be held."""
    wait_for(lambda: all(c.closed for c in f.seen(name).connections.values()), "idle connections to close", 30.0)


def queue_until(f, name, said):
    for _ in range(ROUNDS):
        wait_idle(f, name)
        count = len(f.seen(name).messages)
        f.queue_up(f.sites[name].recipients(COUNT))
        f.wait_messages(count + COUNT, name)
        if said():
            return
    check(False, "not said in %d rounds" % ROUNDS)


def run(f):
    node, log = f.nodes[0], f.policyd_of("a").log
    with case("set-up leaves the delivery of mail to Postfix's own transports"):
        services = node.command("postconf", "-M")
        check("mxp-" not in services and "rewrite-egress" not in services, services)
    recipients = {name: f.sites[name].recipients(COUNT) for name in SITES}
    f.start()
    for name in SITES:
        f.queue_up(recipients[name])
    f.wait_messages(COUNT * len(SITES))
    with case("all is delivered, each message once, nothing deferred, no warning"):
        for name in SITES:
            equal(f.seen(name).lost_and_doubled(recipients[name]), ([], []))
        equal(node.mail.status("deferred"), [])
        equal(node.mail.warnings(), [])
    with case("no limit was enforced"):
        check(f.seen("crowded").most_open()[0] > 2, "at most %d open" % f.seen("crowded").most_open()[0])
        check(f.seen("hasty").most_in(10.0)[0] > 20, "at most %d in 10 s" % f.seen("hasty").most_in(10.0)[0])
    for name, pattern in WOULD.items():
        with case("the log says what would have been held: " + name):
            queue_until(f, name, lambda: log.find(pattern))
    with case("what goes out is shown"):
        status = f.mxctl("status").stdout
        for name in SITES:
            check(re.search(r"^  %s +" % name, status, re.M), status)


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=[site(name, domains=4, data_s=0.6) for name in SITES], nodes=1,
             rules=[rule(name, **limits) for name, limits in SITES.items()], conf={"enforce": "observe"})
