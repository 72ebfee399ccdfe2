#!/usr/bin/python3
"""Mail comes in while mxpolicyd is restarted, in place and as systemd does it: Postfix and its clients do not notice."""
import os
import re
import signal

import restarts
import tap
from process import wait_for
from tap import case, check, equal
from world import CONF

TIMES = 4


def refused(w, node, client, why):
    """SIGUSR2 to one that cannot be followed, twice: it goes on, with its connections and what is open."""
    for _ in range(2):
        since, pid = node.log.mark(), node.pid
        node.send(signal.SIGUSR2)
        node.log.wait("error: restart: " + why, since)
        node.log.wait("error: restart: not done, this mxpolicyd goes on: ", since)
        equal(node.pid, pid)
        equal(client.ask("u@foo.test"), "DUNNO")
    with w.policyd_of("a").connect() as another:
        equal(another.ask("u@foo.test"), "DUNNO")


def cannot_be_followed(w):
    node, program = w.policyd_of("a"), w.binary("mxpolicyd")
    with node.connect() as client:
        equal(client.ask("u@foo.test"), "DUNNO")
        with case("SIGUSR2 with a mistake in the configuration changes nothing"):
            w.write_conf(CONF, "a", hold="a while")
            refused(w, node, client, re.escape(CONF) + r":\d+: ")
            w.write_conf(CONF, "a")
        with case("SIGUSR2 without a program changes nothing"):
            os.rename(program, program + ".away")
            refused(w, node, client, "not done, ")
            os.rename(program + ".away", program)
        with case("SIGTERM while the next one is tried ends it"):
            node.send(signal.SIGUSR2)
            node.stop()


def run(w):
    tap.name("test_restart, in place")
    restarts.admission(w, TIMES, restarts.in_place)
    cannot_be_followed(w)
    tap.name("test_restart, by systemd")
    restarts.admission(w, TIMES, restarts.by_systemd)
    node = w.policyd_of("a")
    with case("systemd is told what is open, that the event loop turns, and keeps nothing once it is taken"):
        wait_for(lambda: node.alive, "WATCHDOG=1")
        wait_for(lambda: re.fullmatch(r"\d+ open, 0 waiting, \d+ clients, Redis connected", node.status), "STATUS=")
        check(node.most_kept > 1, "no connection was kept")
        node.wait_forgotten()


if __name__ == "__main__":
    tap.main(run, **restarts.ADMISSION_WORLD)
