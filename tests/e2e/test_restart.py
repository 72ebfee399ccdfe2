#!/usr/bin/python3
"""Mail comes in while mxpolicyd is restarted, in place and as systemd does it: Postfix and its clients do not notice."""
import restarts
import tap

TIMES = 4


def run(w):
    tap.name("test_restart, in place")
    restarts.admission(w, TIMES, restarts.in_place)
    w.policyd_of("a").stop()
    tap.name("test_restart, by systemd")
    restarts.admission(w, TIMES, restarts.by_systemd)


if __name__ == "__main__":
    tap.main(run, **restarts.ADMISSION_WORLD)
