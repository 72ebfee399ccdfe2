#!/usr/bin/python3
"""Levels: one `mxctl level` changes the limits of a whole fleet while mail flows. Two Postfix nodes on one Redis; what
the providers have seen is judged, never what mxpace says."""
import json
import time

import tap
from fleet import SOON, Fleet, rule, site
from process import PATIENCE, wait_for
from tap import case, check, equal

DATA_S = 0.2  # a provider takes this long over a message
NORMAL, FAST, SLOW = 4, 6, 1  # connections of "big" by level: 4, 4 * 1.5, 4 * 0.4
FOLLOWS_S = 5.0  # that it happens, on a starved machine too; long_level.py proves the second
BIG = site("big", domains=20, data_s=DATA_S)
TIGHT = site("tight", domains=5, data_s=0.02)
RULES = [rule("big", connections=NORMAL, messages_per_connection=5),
         rule("tight", connections=4, limits=["20/10s"], max_messages_per_hour=100000)]


def changes_of(seen):
    """(time, +1 or -1) of connections, in order."""
    return sorted([(c.opened, 1) for c in seen.connections.values()]
                  + [(c.closed, -1) for c in seen.connections.values() if c.closed is not None])


def reached(seen, count, since):
    """When so many connections were open at once first, from then on; None: never."""
    now = 0
    for t, change in changes_of(seen):
        now += change
        if now >= count and t >= since:
            return t
    return None


def fell(seen, count, since):
    """When no more than so many were open first, from then on; None: never."""
    now, high = 0, True
    for t, change in changes_of(seen):
        now += change
        high = now > count
        if t >= since and not high:
            return t
    return None


def command(f, *args):
    """(when it began, what it printed)"""
    began = time.monotonic()
    done = f.mxctl("--json", *args)
    equal((done.returncode, done.stderr), (0, ""), "mxctl " + " ".join(args))
    return began, json.loads(done.stdout)


def set_level(f, level):
    """(when Redis took it, what mxctl printed); by the record, as a busy machine takes its time to start a program."""
    _, said = command(f, "level", level)
    (ident, _), *_ = f.redis.cmd("XREVRANGE", "mxpace:events", "+", "-", "COUNT", "1")
    return int(ident.split("-")[0]) / 1000 - time.time() + time.monotonic(), said


def follows_s():
    return FOLLOWS_S * PATIENCE


def normal(f):
    with case("normal: the rule's connections are used, and no more"):
        wait_for(lambda: reached(f.seen("big"), NORMAL, 0), "%d connections" % NORMAL, 20, every=0.1)
        f.wait_messages(60, "big", 30)
        f.seen("big").check(connections=NORMAL, messages_per_connection=5)


def faster(f):
    with case("fast: both nodes follow the command, and more connections are opened"):
        began, said = set_level(f, "fast")
        equal((said["changed"], said["set"], said["nodes_following"]), (True, "fast", 2))
        wait_for(lambda: reached(f.seen("big"), FAST, began), "%d connections" % FAST, 20, every=0.1)
        took = reached(f.seen("big"), FAST, began) - began
        print("# %d connections %.2f s after the command" % (FAST, took))
        check(took <= follows_s(), "%.2f s" % took)
    with case("fast: and no more than its limit"):
        before = len(f.seen("big").messages)
        f.wait_messages(before + 60, "big", 30)
        f.seen("big").check(connections=FAST, messages_per_connection=5)
    with case("fast: rates too"):
        f.wait_messages(60, "tight", 40)
        seen = f.seen("tight")
        seen.check(limits=["40/10s"])
        check(seen.most_in(10)[0] > 20, "%d messages in 10 s" % seen.most_in(10)[0])


def slower(f):
    with case("slow: then nothing is opened beyond the new limit"):
        began, _ = set_level(f, "slow")
        wait_for(lambda: fell(f.seen("big"), SLOW, began), "%d connection" % SLOW, 20, every=0.1)
        print("# down to %d connection %.2f s after the command" % (SLOW, fell(f.seen("big"), SLOW, began) - began))
        wait_for(lambda: time.monotonic() > began + follows_s(), "what the nodes have to follow in", 2 * FOLLOWS_S, 0.1)
        before = len(f.seen("big").messages)
        f.wait_messages(before + 10, "big", 30)
        seen = f.seen("big")
        most, when = seen.most_open(since=began + follows_s())
        check(most <= SLOW, "%d connections at once:\n%s" % (most, seen.around(when) if when else ""))
    with case("connections beyond the limit are not kept for the next message"):
        took = fell(f.seen("big"), SLOW, began) - began
        check(took <= follows_s() + 2, "%.2f s" % took)


def shown(f):
    with case("who set it is shown, and an event tells of it"):
        _, said = command(f, "level")
        row = next(r for r in said["levels"] if r["of"] == "all")
        equal((row["level"], row["source"]), ("slow", "set"))
        check(row["by"].startswith("operator "), row["by"])
        events = f.mxctl("events").stdout
        check("slow" in events, events[-400:])
    with case("the rules say what the fleet may do then"):
        _, said = command(f, "rules", "show", "big", "--level", "fast")
        equal(said["at_level"][0]["connections"], FAST)


def back(f, recipients):
    with case("default: all mail is delivered, each message once"):
        command(f, "level", "default")
        seen = f.wait_messages(sum(map(len, recipients.values())), deadline=90)
        for rs in recipients.values():
            lost, doubled = seen.lost_and_doubled(rs)
            equal((len(lost), len(doubled)), (0, 0), "(lost, sent twice)")
    with case("custom cannot be set, and an unknown one is refused"):
        equal(f.mxctl("level", "custom").returncode, 1)
        equal(f.mxctl("level", "faster").returncode, 1)  # no sending IP is called so
        equal(f.mxctl("level", "--pool", "p", "faster").returncode, 2)


def run(f):
    recipients = {"big": BIG.recipients(500), "tight": TIGHT.recipients(90)}
    f.queue_up([r for rs in recipients.values() for r in rs])
    f.start()
    normal(f)
    faster(f)
    slower(f)
    shown(f)
    back(f, recipients)


def main():
    tap.main(run, kind=Fleet, nodes=2, sites=[BIG, TIGHT], rules=RULES, main=SOON,
             conf={"sending_ips": [{"name": "198.51.100.7"}]})


if __name__ == "__main__":
    main()
