#!/usr/bin/python3
"""Mail comes in while mxpolicyd is restarted, in place and as systemd does it: Postfix and its clients do not notice."""
import re

import restarts
import tap
from process import wait_for
from tap import case, check

TIMES = 4


def run(w):
    tap.name("test_restart, in place")
    restarts.admission(w, TIMES, restarts.in_place)
    w.policyd_of("a").stop()
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
