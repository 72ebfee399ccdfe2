#!/usr/bin/python3
"""A new sending IP beside a warm one, in Postfix: its cap holds at the provider, what exceeds it goes by the warm one or
waits, and an operator's orders take effect at once. What takes weeks is in lua/test_warmup and long/warmup."""
import collections
import json
import signal
import subprocess
import urllib.request

import tap
from fleet import Fleet, rule, site
from process import wait_for
from prometheus import parse
from tap import case, check, equal

NEW, WARM = "203.0.113.7", "203.0.113.1"  # names; what the provider sees:
NEW_ADDRESS, WARM_ADDRESS = "10.0.0.71", "10.0.0.1"
CAPS = (6, 10, 14)
CONF = {
    "sending_ips": [{"name": WARM, "bind4": WARM_ADDRESS}, {"name": NEW, "bind4": NEW_ADDRESS}],
    "warmup_plans": [{"name": "short", "stages": [{"days": 1, "cap": cap} for cap in CAPS]}],
}


class TwoAddresses(Fleet):
    """A node with a second address."""

    def set_up(self, node):
        with node.network:
            subprocess.run(["ip", "address", "add", NEW_ADDRESS + "/24", "dev", "eth0"], check=True)
        super().set_up(node)


def by_address(f, name="big"):
    """Messages a provider has taken, by where they came from."""
    seen = f.seen(name)
    return collections.Counter(seen.connections[message.connection].peer for message in seen.messages)


def known(f):
    """Waits until mxpolicyd goes by what was ordered last."""
    def goes_by_it():
        with f.node("a").network, urllib.request.urlopen("http://127.0.0.1:9925/metrics", timeout=10) as answer:
            samples, _ = parse(answer.read().decode())
        return samples["mxpace_pace_version", ()] == int(f.redis.cmd("GET", "mxpace:pace:version") or 0)
    wait_for(goes_by_it, "mxpolicyd to know of it", every=0.02)


def mxctl(f, *args):
    """Its answer."""
    done = f.mxctl("--json", "warmup", *args)
    equal(done.returncode, 0, "exit of mxctl warmup %s: %s" % (" ".join(args), done.stderr))
    return json.loads(done.stdout)


def waiting(f):
    """Whether a message waits for mxpolicyd's leave, as it tells now and then."""
    done = f.mxctl("--json", "status")
    return any(row["waiting"] for row in json.loads(done.stdout)["traffic"])


def order(f, *args):
    mxctl(f, *args)
    known(f)


def send(f, everything, count):
    recipients = f.sites["big"].recipients(count)
    everything += recipients
    f.queue_up(recipients)


def all_taken(f, everything):
    seen = f.wait_messages(len(everything), deadline=30)
    equal([len(which) for which in seen.lost_and_doubled(everything)], [0, 0], "(lost, sent twice)")


def overflow(f, everything):
    with case("up to its cap the new IP comes first, then the warm one"):
        send(f, everything, 30)
        f.start()
        all_taken(f, everything)
        equal(by_address(f), {NEW_ADDRESS: CAPS[0], WARM_ADDRESS: 30 - CAPS[0]})
    with case("what is in the queue for the new IP when its cap is reached goes by the warm one"):
        order(f, "stop", NEW)
        order(f, "start", NEW)
        node = f.policyd_of("a")
        node.end()  # it knows nothing of what was sent
        node.start()
        known(f)
        send(f, everything, 20)
        all_taken(f, everything)
        equal(by_address(f)[NEW_ADDRESS], CAPS[0])


def next_stage(f, everything):
    with case("skip: as many more as the next cap allows"):
        order(f, "skip", NEW, "--group", "big")
        send(f, everything, 20)
        all_taken(f, everything)
        equal(by_address(f)[NEW_ADDRESS], CAPS[1])


def shown(f):
    with case("it is shown, with what is left"):
        one = mxctl(f, "show", NEW)
        equal((one["state"], one["plan"], one["days_left"]), ("running", "short", 2), "state, plan, days left")
        (group,) = one["groups"]
        equal((group["group"], group["stage"], group["sent"]["used"], group["sent"]["limit"]),
              ("big", 2, CAPS[1], CAPS[1]), "group, stage, sent, cap")
        equal([row["ip"] for row in mxctl(f, "show")["warmups"]], [NEW], "the IPs")


def waits(f, everything):
    left = 6
    with case("overflow = wait: the rest waits, and says for what"):
        node, before = f.policyd_of("a"), by_address(f)
        f.write_conf(warmup={"overflow": "wait"})
        since = node.log.mark()
        node.send(signal.SIGHUP)
        node.log.wait(r"info: reload: .* hold now", since)
        order(f, "skip", NEW, "--group", "big")
        since = f.node("a").log.mark()
        send(f, everything, CAPS[2] - CAPS[1] + left)
        f.wait_messages(len(everything) - left)
        wait_for(lambda: len({line.split()[5] for line in f.node("a").mail.status("deferred", "mxpace", since)}) == left,
                 "%d messages to be deferred" % left, 20)
        equal(by_address(f), before + collections.Counter({NEW_ADDRESS: CAPS[2] - CAPS[1]}))
        equal(f.queued(), left)
        check(f.node("a").mail.status("deferred", r"group big: (limit %d/1d reached|the sending IP is being warmed up, its "
                                      r"%d messages of 24 hours are sent)" % (CAPS[2], CAPS[2]), since), "the words")
    with case("stop: no cap holds any more, what waited is sent"):
        order(f, "stop", NEW)
        all_taken(f, everything)
        equal(mxctl(f, "show")["warmups"], [], "the IPs")
        check(f.mxctl("warmup", "stop", NEW).returncode == 1, "twice")


def suspended(f, everything):
    with case("an IP that is suspended for long is passed over: mail goes by the other one"):
        wait_for(lambda: not waiting(f), "it to be told that nothing waits any more", 30)
        equal(f.mxctl("backoff", "set", "big", "--ip", WARM, "--suspend", "--for", "1h").returncode, 0)
        before = by_address(f)
        while not waiting(f):  # until one has found out that it is
            send(f, everything, 1)
            wait_for(lambda: f.queued() == 0 or waiting(f), "it to be sent, or to wait", 30)
        held = f.queued()
        send(f, everything, 20)
        f.wait_messages(len(everything) - held, deadline=30)
        equal(by_address(f)[WARM_ADDRESS], before[WARM_ADDRESS])
    with case("it is not passed over any more: what waited is sent"):
        equal(f.mxctl("backoff", "clear", "big", "--ip", WARM).returncode, 0)
        all_taken(f, everything)


def run(f):
    everything = []
    order(f, "start", NEW)
    overflow(f, everything)
    next_stage(f, everything)
    shown(f)
    waits(f, everything)
    suspended(f, everything)


if __name__ == "__main__":
    tap.main(run, kind=TwoAddresses, sites=[site("big")], rules=[rule("big", connections=4)], nodes=1, conf=CONF)
