#!/usr/bin/python3
"""Redis goes away in every way it can: nobody waits beyond the deadline, the configured answer is given, the log says
it twice, and counting goes on by itself."""
import itertools
import threading
import time

import tap
import world
from load import Load
from process import PATIENCE, wait_for
from tap import case, check, equal, like

STORE_TIMEOUT_S = 0.5
DEADLINE_S = STORE_TIMEOUT_S + 0.4 * PATIENCE

# "spent" has no message left, so its normal answer is a refusal that only Redis can know of; "wide" has always room,
# so that each question writes.
SPENT, WIDE = "u@spent.test", "u@wide.test"
AWAY, BACK = r"^mxpolicyd: warning: store away: ", r"^mxpolicyd: info: store back: "


class Faults:
    def __init__(self, permit, defer):
        """Two mxpolicyd, by their on_store_failure."""
        self.permit = permit
        self.nodes = (permit, defer)

    def load(self):
        """Eight clients."""
        return Load([(node, recipient) for node in self.nodes for recipient in (SPENT, WIDE) for _ in range(2)])

    def spend(self):
        with self.permit.connect() as p:
            wait_for(lambda: "limit 1/1h" in p.ask(SPENT), "the limit to be spent")

    def wait_away(self, load, since, recipients=(SPENT, WIDE)):
        """Until both nodes have answered as configured for Redis being away, often enough to be used to it."""
        for recipient in recipients:
            wait_for(lambda: len([a for a in load.actions("b", recipient, since) if "store away" in a]) > 50,
                     "the deferring node to notice, asked for " + recipient)
        if SPENT in recipients:
            wait_for(lambda: load.actions("a", SPENT, since).count("DUNNO") > 50, "the permitting node to notice")

    def wait_back(self, load, since):
        """Until both nodes count again."""
        for name in "ab":
            wait_for(lambda: len([a for a in load.actions(name, SPENT, since) if "limit 1/1h" in a]) > 20,
                     "node %s to count again" % name, 15)
            wait_for(lambda: "DUNNO" in load.actions(name, WIDE, since), "node %s to grant again" % name)

    def check_answers(self, load, since):
        equal(load.errors, [])
        longest = load.longest(since)
        check(longest < DEADLINE_S, "a client waited %.3f s" % longest)
        for action in set(load.actions("a", since=since)):
            like(action, r"^DUNNO$|^DEFER_IF_PERMIT 4\.7\.1 mxpace: group spent: limit 1/1h reached")
        for action in set(load.actions("b", since=since)):
            like(action, r"^DUNNO$|^DEFER_IF_PERMIT 4\.7\.1 mxpace: group spent: limit 1/1h reached"
                         r"|^DEFER_IF_PERMIT 4\.3\.0 mxpace: store away: \S")

    def check_log(self, marks):
        for node, mark in zip(self.nodes, marks):
            wait_for(lambda: node.log.lines(BACK, mark), "the log to say that it is back")
            counts = len(node.log.lines(AWAY, mark)), len(node.log.lines(BACK, mark))
            equal(counts, (1, 1), "lines that say away and back at node " + node.name)

    def marks(self):
        return [node.log.mark() for node in self.nodes]

    def fault(self, what, begin, end, recipients=(SPENT, WIDE)):
        """One fault under load, from healthy to healthy."""
        marks = self.marks()
        with self.load() as load:
            start = time.monotonic()
            with case("%s under load: the configured answers are given" % what):
                wait_for(lambda: len(load.answers()) > 200, "the load to run")
                begin()
                self.wait_away(load, time.monotonic(), recipients)
            with case("%s: afterwards counting goes on" % what):
                end()
                self.wait_back(load, time.monotonic())
        with case("%s: all was answered, and nobody waited longer than %g s" % (what, DEADLINE_S)):
            self.check_answers(load, start)
        with case("%s: the log says it twice, away and back" % what):
            self.check_log(marks)


def counting(node):
    """Five of 5/1h pass, then no more."""
    with node.connect() as p:
        actions = [p.ask("u@five.test") for _ in range(8)]
    equal(actions[:5], ["DUNNO"] * 5)
    for action in actions[5:]:
        like(action, "group five: limit 5/1h reached")


def faults(w):
    with w.policyd("a", on_store_failure="permit", store_timeout="500ms") as permit, \
            w.policyd("b", on_store_failure="defer", store_timeout="500ms") as defer:
        f = Faults(permit, defer)
        redis = w.redis
        f.spend()
        f.fault("killed", redis.kill, redis.start)
        with case("killed: a limit holds as before"):
            counting(permit)
        f.fault("stopped (SIGSTOP)", redis.pause, redis.resume)
        # A limit that is spent is only read, which full and read-only Redis can do.
        f.fault("full", lambda: redis.cmd("CONFIG", "SET", "maxmemory", 1),
                lambda: redis.cmd("CONFIG", "SET", "maxmemory", 0), recipients=(WIDE,))
        f.fault("read-only", lambda: redis.cmd("REPLICAOF", "127.0.0.1", 1),
                lambda: redis.cmd("REPLICAOF", "NO", "ONE"), recipients=(WIDE,))
        f.fault("asking for a password", lambda: redis.cmd("CONFIG", "SET", "requirepass", "x") and cut(w),
                lambda: redis.cmd("CONFIG", "SET", "requirepass", ""))


def cut(w):
    """Ends all connections to Redis but the test's own."""
    w.redis.cmd("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def hang_ups(w):
    with case("connections cut again and again: each question is answered within the deadline"):
        with w.policyd("a", on_store_failure="defer", store_timeout="500ms") as node:
            with Load([(node, SPENT), (node, WIDE)]) as load:
                for _ in range(10):
                    mark = time.monotonic()
                    cut(w)
                    wait_for(lambda since=mark: load.actions(recipient=WIDE, since=since).count("DUNNO") > 5,
                             "grants again")
            equal(load.errors, [])
            check(load.longest() < DEADLINE_S, "a client waited %.3f s" % load.longest())


def absent_at_start(w):
    w.redis.kill()
    with w.policyd("a", on_store_failure="defer", store_timeout="500ms") as node:
        with case("Redis absent at start: mxpolicyd is ready and gives the configured answer"):
            with node.connect() as p:
                like(p.ask(WIDE), r"^DEFER_IF_PERMIT 4\.3\.0 mxpace: store away: \S")
        with case("Redis absent at start: it counts when Redis is there, without being told"):
            w.redis.start()
            with node.connect() as p:
                wait_for(lambda: p.ask(WIDE) == "DUNNO", "a grant", 15, every=0.05)
            counting(node)


def script_flush(w):
    with w.policyd("a", on_store_failure="defer") as node, \
            case("SCRIPT FLUSH under load: exactly the limit is granted, no question fails"):
        mark = node.log.mark()
        actions, numbers = [], itertools.count()

        def client():
            with node.connect() as p:
                while next(numbers) < 3000:
                    actions.append(p.ask("u@counted.test"))
        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        for count in range(50, 2950, 50):
            wait_for(lambda count=count: len(actions) >= count, "%d answers" % count)
            w.redis.cmd("SCRIPT", "FLUSH")
        for thread in threads:
            thread.join()
        equal(actions.count("DUNNO"), 1000)
        for action in set(actions) - {"DUNNO"}:
            like(action, "^DEFER_IF_PERMIT 4.7.1 mxpace: group counted: limit 1000/30m reached")
        equal(node.log.lines(AWAY, mark), [])


def run(w):
    faults(w)
    hang_ups(w)
    absent_at_start(w)
    script_flush(w)


if __name__ == "__main__":
    tap.main(run, **world.providers(spent={"limits": ["1/1h"]}, wide={"limits": ["1000000/1h"]},
                                    five={"limits": ["5/1h"]}, counted={"limits": ["1000/30m"]}))
