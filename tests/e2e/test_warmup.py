#!/usr/bin/python3
"""A new sending IP beside a warm one, in Postfix: its cap holds over two nodes from the first message on, the rest goes
by the warm one or waits, and an operator's orders reach both nodes. What takes weeks is in lua/test_warmup."""
import json

import tap
from fleet import Fleet, rule, site
from process import wait_for
from tap import case, check, equal

NEW, WARM = "203.0.113.7", "203.0.113.1"
CAP = 6
PLAN = [{"name": "short", "stages": [{"days": 1, "cap": CAP}, {"days": 1, "cap": 10}]}]
CONF = {"sending_ips": [{"name": WARM}, {"name": NEW}], "warmup_plans": PLAN}


def delivered(f, ip, group="big"):
    """Recipients, by what mxpolicyd has counted in any hour."""
    keys = f.redis.cmd("KEYS", "mxpace:{g:%s}:stats:*" % group)
    return sum(int(f.redis.cmd("HGET", key, ip + " delivered") or 0) for key in keys)


def mxctl(f, *args):
    done = f.mxctl("--json", "warmup", *args)
    equal(done.returncode, 0, "exit of mxctl warmup %s: %s" % (" ".join(args), done.stderr))
    return json.loads(done.stdout)


def send(f, count):
    recipients = f.sites["big"].recipients(count)
    f.queue_up(recipients)
    for node in f.nodes:
        node.kick()
    return recipients


def cap_holds(f, everything):
    with case("up to its cap the new IP comes first, then the warm one; nothing is lost or sent twice"):
        everything += f.sites["big"].recipients(30)
        f.queue_up(everything)
        f.start()
        seen = f.wait_messages(30, deadline=60)
        wait_for(lambda: delivered(f, NEW) + delivered(f, WARM) == 30, "all to be counted")
        equal((delivered(f, NEW), delivered(f, WARM)), (CAP, 30 - CAP), "(new IP, warm IP)")
        equal([len(x) for x in seen.lost_and_doubled(everything)], [0, 0], "(lost, sent twice)")


def next_stage(f, everything):
    with case("an order reaches all nodes: four more by the new IP"):
        mxctl(f, "skip", NEW)
        everything += send(f, 20)
        f.wait_messages(50, deadline=60)
        wait_for(lambda: delivered(f, NEW) + delivered(f, WARM) == 50, "all to be counted")
        equal(delivered(f, NEW), 10, "by the new IP")


def shown(f):
    with case("it is shown, with its use and what is left"):
        one = mxctl(f, "show", NEW)
        equal((one["state"], one["plan"], one["days_left"]), ("running", "short", 1), "state, plan, days left")
        listed = mxctl(f, "show")["warmups"]
        equal([row["ip"] for row in listed], [NEW], "the IPs")
    with case("stopped, no cap holds any more"):
        mxctl(f, "stop", NEW)
        equal(mxctl(f, "show")["warmups"], [], "the IPs")
        check(f.mxctl("warmup", "stop", NEW).returncode == 1, "twice")


def run(f):
    everything = []
    mxctl(f, "start", NEW)
    cap_holds(f, everything)
    next_stage(f, everything)
    shown(f)


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=[site("big")], rules=[rule("big", connections=4)], nodes=2, conf=CONF)
