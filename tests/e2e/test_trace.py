#!/usr/bin/python3
"""`mxctl trace` shows an address's steps in the log of each mxpolicyd, and nobody else's; and a thousand equal
refusals make few lines, with a true sum."""
import json
import re

import tap
import world
from policy import new_instance
from process import Process, wait_for
from tap import case, check, equal, like

TRACED, OTHER = "ann@big.test", "bob@big.test"
EQUAL = 1000


def steps(node, pattern, since=0):
    """Of a trace, in order: (step, line)."""
    lines = node.log.lines(r"info: trace: pattern=%s step=" % re.escape(pattern), since)
    return [(re.search(r" step=(\w+)", line)[1], line) for line in lines]


def sums(node, pattern, since):
    """(lines, all that they stand for)"""
    lines = node.log.lines(pattern, since)
    return len(lines), sum(int(m[1]) if (m := re.search(r": repeated (\d+) times? in \d", line)) else 1 for line in lines)


def on(w, nodes, *args, pattern):
    marks = [node.log.mark() for node in nodes]
    done = w.mxctl("trace", *args)
    equal((done.returncode, done.stderr), (0, ""))
    like(done.stdout, r"(?m)^ *Nodes +all %d follow$" % len(nodes))  # so the next message is traced
    for node, mark in zip(nodes, marks):
        node.log.wait(r"trace: pattern=%s what=begins by=\"operator \w+\"" % re.escape(pattern), mark)


def off(w, nodes, *args):
    marks = [node.log.mark() for node in nodes]
    equal(w.mxctl("trace", *args, "--off").returncode, 0)
    for node, mark in zip(nodes, marks):
        node.log.wait(r"trace: pattern=\S+ what=ends", mark)


def traces(w, nodes):
    with case("nothing is traced at first, and nothing is written about it"):
        with nodes[0].connect() as p:
            equal(p.ask(TRACED), "DUNNO")
        equal(nodes[0].log.lines("trace"), [])
        equal(json.loads(w.mxctl("--json", "trace").stdout)["traces"], [])
    with case("a traced address shows its steps on both nodes"):
        on(w, nodes, TRACED.upper(), pattern=TRACED)
        for node in nodes:
            since, instance = node.log.mark(), new_instance()
            with node.connect() as p:
                equal(p.ask(TRACED, instance, sasl_username="shop"), "DUNNO")
                p.end_of_message(instance, TRACED)
            found = steps(node, TRACED, since)
            equal([step for step, _ in found], ["request", "mx", "store", "verdict", "end_of_message"])
            told = dict(found)
            like(told["request"], r"recipient=<ann@big\.test> sender=<news@shop\.test> .*login=shop instance=%s" % instance)
            like(told["mx"], r"domain=big\.test mx=found rule=big group=big .*: level normal, 1000/1h")
            like(told["store"], r"store=known quarantine=none message=taken")
            like(told["verdict"], r"verdict=pass reason=within_limits .*: DUNNO")
            like(told["end_of_message"], r"instance=%s queue_id=4ZxY1" % instance)
    with case("another address shows none"):
        since = nodes[0].log.mark()
        with nodes[0].connect() as p:
            equal(p.ask(OTHER), "DUNNO")
            equal(p.ask(TRACED), "DUNNO")
        equal([line for _, line in steps(nodes[0], TRACED, since) if "bob" in line], [])
        equal(nodes[0].log.lines("bob@", since), [])
    with case("as a sender it is shown too"):
        since = nodes[1].log.mark()
        with nodes[1].connect() as p:
            p.ask(OTHER, sender="Ann@big.test")
        equal([step for step, _ in steps(nodes[1], TRACED, since)], ["request", "mx", "store", "verdict"])
    with case("mxctl trace --list says what, until when, and who wanted it"):
        [one] = json.loads(w.mxctl("--json", "trace", "--list").stdout)["traces"]
        equal(one["pattern"], TRACED)
        like(one["by"], r"^operator ")
    with case("mxctl trace --off ends it"):
        off(w, nodes, TRACED)
        since = nodes[0].log.mark()
        with nodes[0].connect() as p:
            p.ask(TRACED)
        equal(nodes[0].log.lines("trace:", since), [])
        equal(w.mxctl("trace", TRACED, "--off").returncode, 1)


def patterns(w, nodes):
    for args, pattern in ((["big.test"], "@big.test"), (["group:big"], "group:big")):
        with case("%s is traced" % pattern):
            on(w, nodes, *args, "--for", "1m", pattern=pattern)
            since = nodes[0].log.mark()
            with nodes[0].connect() as p:
                p.ask(OTHER)
                p.ask("u@foo.test")
            equal([step for step, _ in steps(nodes[0], pattern, since)], ["request", "mx", "store", "verdict"])
            off(w, nodes)
    with case("it ends by itself"):
        on(w, nodes, TRACED, "--for", "2s", pattern=TRACED)

        def is_over():
            since = nodes[0].log.mark()
            with nodes[0].connect() as p:
                p.ask(TRACED)
            return nodes[0].log.lines("trace: .*what=ends", since)
        wait_for(is_over, "the trace to end", every=0.1)
        equal(w.redis.cmd("EXISTS", "mxpace:trace"), 0)
    for args in (["a b@"], ["--off", "--list"], [TRACED, "--for", "25h"], [TRACED, "--list"], ["group:"]):
        with case("refused: mxctl trace " + " ".join(args)):
            equal(w.mxctl("trace", *args).returncode, 2)


def follows(w, nodes):
    with case("mxctl trace --follow shows the lines of all nodes"):
        log = w.logs + "/follow.log"
        marks = [node.log.mark() for node in nodes]
        follow = Process("mxctl trace", [w.binary("mxctl"), "-c", world.CONF, "trace", TRACED, "--follow", "--for", "1m"], log)
        for node, mark in zip(nodes, marks):
            node.log.wait("what=begins", mark)
            with node.connect() as p:
                p.ask(TRACED)
        for node in nodes:
            follow.log.wait(r"^\d\d:\d\d:\d\d\.\d{3}  %s  pattern=ann@big\.test step=verdict verdict=pass" % {"a": "mta1", "b": "mta2"}[node.name])
        follow.stop()
        off(w, nodes)


def floods(nodes):
    with case("a trace writes no more than so many lines a second, and counts the rest"):
        node, since = nodes[0], nodes[0].log.mark()
        with node.connect() as p:
            for _ in range(200):
                p.ask(TRACED)

            def counted():
                p.ask(TRACED)
                return node.log.find(r"trace: pattern=ann@big\.test left_out=\d+", since)
            wait_for(counted, "what was left out to be told", every=0.05)
        check(len(steps(node, TRACED, since)) < 400, "%d lines" % len(steps(node, TRACED, since)))


def collapses(w, node):
    pattern = r"info: defer: reason=message_limit recipient=<u@spent\.test> sender=<news@shop\.test> group=spent"
    since = node.log.mark()
    with case("%d equal refusals make few lines with a true sum" % EQUAL), node.connect() as p:
        p.ask("u@spent.test")
        for i in range(EQUAL):
            like(p.ask("u@spent.test"), r"^DEFER_IF_PERMIT 4\.7\.1 mxpace: group spent: limit 1/1h")
            if i % 100 == 0:  # others in between
                p.ask("other@spent.test")
        wait_for(lambda: sums(node, pattern, since)[1] == EQUAL, "all to be told of", 15)
        check(sums(node, pattern, since)[0] <= 20, "%d lines" % sums(node, pattern, since)[0])
        like(node.log.lines(pattern, since)[0],
             r" rule=spent ip=\S+ limit=1/1h wait=\S+ client=127\.0\.0\.1 instance=\S+: DEFER_IF_PERMIT 4\.7\.1")
    with case("of different ones no more than so many a second are written, the rest counted"):
        since = node.log.mark()
        with node.connect() as p:
            for i in range(EQUAL):
                p.ask("u%d@spent.test" % i)
        written = r"defer: reason=message_limit recipient=<u\d+@spent\.test>"

        def all_told():
            left_out = [int(m[1]) for line in node.log.lines("lines left out", since)
                        if (m := re.search(r"log: (\d+) lines left out: more than log_rate a second", line))]
            return left_out and len(node.log.lines(written, since)) + sum(left_out) == EQUAL
        wait_for(all_told, "the sum to be true", 15)
        check(len(node.log.lines(written, since)) < EQUAL / 2, "%d lines" % len(node.log.lines(written, since)))


def forges(node):
    with case("what clients send cannot forge fields or lines"):
        since = node.log.mark()
        with node.connect() as p:
            p.ask("v@spent.test", sender="x> reason=none\x1b[31m <y@z.test", instance="a b\tc")
        [line] = node.log.lines("v@spent", since)
        like(line, r"sender=<x\\x3e reason=none\\x1b\[31m <y@z\.test> .*instance=\"a b\\x09c\": DEFER_IF_PERMIT")


def run(w):
    nodes = [w.policyd(name, log_period="2s", log_rate=20) for name in "ab"]
    traces(w, nodes)
    patterns(w, nodes)
    follows(w, nodes)
    on(w, nodes, TRACED, pattern=TRACED)
    floods(nodes)
    off(w, nodes)
    collapses(w, nodes[0])
    forges(nodes[1])


if __name__ == "__main__":
    tap.main(run, **world.providers(big={"limits": ["1000/1h"]}, spent={"limits": ["1/1h"]}))
