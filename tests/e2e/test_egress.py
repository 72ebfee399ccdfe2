#!/usr/bin/python3
"""Egress, the short form: three Postfix nodes on one Redis, several providers at once, each awkward in its own way.
What the providers have seen is judged (judge.py), never what mxpace says. The long forms are in long_egress.py."""
import signal
import time

import tap
from fleet import SOON, Fleet, rule, site
from process import wait_for
from tap import case, check, equal, like
from world import DEFAULT_RULE

FAST_S = 0.1  # a provider takes this long over a message
SHORT_USE = 0.4  # of the connections: so briefly, and with so much else going on. The long form asks for 0.9

# What each provider is like, and what its rule allows.
CASES = [
    ("20 domains, 2 MX hosts", site("big", domains=20, hosts=2, data_s=FAST_S), 300,
     {"connections": 6, "messages_per_connection": 5}),
    ("a limit per 10 s", site("tight", data_s=FAST_S), 60, {"connections": 2, "limits": ["40/10s"]}),
    ("0.3 s over QUIT", site("quitting", quit_s=0.3, data_s=FAST_S), 45,
     {"connections": 3, "messages_per_connection": 5}),
    ("TLS, connections reused", site("secure", tls="ok", data_s=FAST_S), 45,
     {"connections": 2, "messages_per_connection": 5}),
    ("a TLS handshake that always fails", site("broken", tls="fail"), 10, {"connections": 2}),
    ("4 addresses, 2 of them dead", site("dead", addresses=4, dead=2, data_s=FAST_S), 20, {"connections": 3}),
    ("the first MX host refuses connections", site("backup", hosts=[{"refuses": True}, {}], data_s=FAST_S), 40,
     {"connections": 2}),
    ("IPv6", site("six", hosts=2, family="ipv6", data_s=FAST_S), 40, {"connections": 2, "messages_per_connection": 5}),
]
# Their rules come later, without a set-up of Postfix; the last rule's transport would put more on a connection of the second.
ADDED = [(site("added", data_s=FAST_S), {"connections": 2}),
         (site("careful", data_s=FAST_S), {"connections": 2, "messages_per_connection": 1})]
SITES = [one for _, one, _, _ in CASES] + [one for one, _ in ADDED]
RULES = [rule(one.name, **limits) for _, one, _, limits in CASES]
MAIN = (*SOON, "smtp_tls_security_level = may", "smtp_tls_connection_reuse = yes", "smtp_connect_timeout = 1s")


def all_once(seen, recipients):
    lost, doubled = seen.lost_and_doubled(recipients)
    equal((len(lost), len(doubled)), (0, 0), "(lost, sent twice)")


def deliver(f):
    """All of them at once; returns the recipients by provider."""
    recipients = {one.name: one.recipients(count) for _, one, count, _ in CASES}
    with case("all mail is delivered"):
        f.queue_up([r for at in range(max(map(len, recipients.values()))) for rs in recipients.values()
                    for r in rs[at:at + 1]])
        f.start()
        f.wait_messages(sum(map(len, recipients.values())), deadline=60)
    return recipients


def judge(f, recipients):
    for label, one, _, limits in CASES:
        seen = f.seen(one.name)
        with case("%s: within its limits" % label):
            seen.check(**limits)
        with case("%s: each message once" % label):
            all_once(seen, recipients[one.name])
    with case("its connections were in use"):
        share = f.seen("big").use(CASES[0][2], after_s=1.5, connections=CASES[0][3]["connections"])
        check(share >= SHORT_USE, "use %.2f" % share)
    with case("the backup MX host got all that the first one refused"):
        equal(set(f.seen("backup").by_host()), {"mx2.backup.test"})
    with case("TLS: connections were reused"):
        seen = f.seen("secure")
        check(len(seen.connections) < len(seen.messages), "%d connections" % len(seen.connections))
    with case("what was deferred because of us says so, and what wasn't has another reason"):
        strange = [line for node in f.nodes for line in node.mail.deferred_otherwise()
                   if not any(name in line for name in ("@broken.", "@dead.", "@backup."))]
        equal(strange[:3], [])


def faults(f):
    """Two of them while mail flows; the rest is in the long form."""
    limits = CASES[0][3]
    big = f.sites["big"]
    a = f.node("a")
    for label, strike in (
            ("mxpolicyd of a node is killed and started again", lambda: restart(f, "a")),
            ("Redis stops for 2 s", lambda: pause(f, 2.0))):
        with case(label + ": limits hold, nothing is lost or sent twice"):
            began, recipients = time.monotonic(), big.recipients(150)
            before = len(f.seen("big").messages)
            f.queue_up(recipients)
            wait_for(lambda before=before: len(f.seen("big").messages) > before + 20, "mail to flow", 20, every=0.1)
            strike()
            f.wait_messages(before + len(recipients), "big", deadline=60)
            seen = f.seen("big")
            seen.check(since=began, **limits)
            all_once(seen, recipients)
    check(a.running(), "postfix of node a ended")


def restart(f, name):
    policyd = f.policyd_of(name)
    policyd.send(signal.SIGKILL)
    policyd.wait()
    policyd.start()


def pause(f, seconds):
    f.redis.pause()
    time.sleep(seconds)  # what is tested is that it lasts
    f.redis.resume()


def goes_by(f, one):
    """The transport of a site's mail, as mxctl explain has it."""
    with f.node("a").network:
        done = f.mxctl("explain", "u@" + one.domains[0], conf=f.conf_path("a"))
    return like(done.stdout, r"OK (mxp-[a-z]+-1):", done.stdout + done.stderr)[1]


def added_rules(f):
    with case("rules that Postfix has no transports for: a word in the log, and their mail does not wait for a set-up"):
        f.write_rules(RULES + [rule(one.name, **limits) for one, limits in ADDED] + [DEFAULT_RULE])
        marks = [node.log.mark() for node in f.nodes]
        for node in f.nodes:
            policyd = f.policyd_of(node.name)
            mark = policyd.log.mark()
            policyd.send(signal.SIGHUP)
            policyd.log.wait(r"warning: transports: .* \(mxp-added-1, mxp-careful-1\);", mark)
        equal([goes_by(f, one) for one, _ in ADDED], ["mxp-default-1", "mxp-unknown-1"])
        recipients = {one.name: one.recipients(30) for one, _ in ADDED}
        f.queue_up([r for both in zip(*recipients.values()) for r in both])
        for one, _ in ADDED:
            f.wait_messages(30, one.name)
    for one, limits in ADDED:
        with case("%s: within its limits, each message once" % one.name):
            seen = f.seen(one.name)
            seen.check(**limits)
            all_once(seen, recipients[one.name])
    with case("... Postfix missed no transport"):
        equal([line for node, mark in zip(f.nodes, marks) for line in node.log.lines("mail transport unavailable|/private/mxp-", mark)],
              [])
    with case("... and after a set-up they go by their own"):
        for node in f.nodes:
            f.set_up(node)
            f.policyd_of(node.name).log.wait("transports: Postfix has all of them now")
            node.command("postfix", "reload")
        equal([goes_by(f, one) for one, _ in ADDED], ["mxp-added-1", "mxp-careful-1"])
        f.queue_up(ADDED[0][0].recipients(6))
        f.wait_messages(36, "added")


def run(f):
    recipients = deliver(f)
    judge(f, recipients)
    added_rules(f)
    faults(f)


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=SITES, rules=RULES, main=MAIN)
