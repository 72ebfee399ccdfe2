#!/usr/bin/python3
"""mxpolicyd is restarted a hundred times under load: no warning of Postfix's, no deferral, no limit exceeded. One program
each for mail that comes in and goes out, for systemd and for SIGUSR2; and, measured only, without either."""
import sys

import restarts
import tap
from fleet import Fleet

TIMES = 100
EGRESS = {"kind": Fleet, **restarts.EGRESS_FLEET}


def plan(what, how, world, **options):
    return lambda w: what(w, TIMES, how, **options), world


PROGRAMS = {
    "restarts": plan(restarts.egress, restarts.by_systemd, EGRESS),
    "restarts-admission": plan(restarts.admission, restarts.by_systemd, restarts.ADMISSION_WORLD),
    "restarts-in-place": plan(restarts.egress, restarts.in_place, EGRESS),
    "restarts-in-place-admission": plan(restarts.admission, restarts.in_place, restarts.ADMISSION_WORLD),
    "restarts-by-hand": plan(restarts.egress, restarts.by_hand, EGRESS, noticed=True),
    "restarts-by-hand-admission": plan(restarts.admission, restarts.by_hand, restarts.ADMISSION_WORLD, noticed=True),
}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in PROGRAMS:
        print("\n".join(PROGRAMS))
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_restarts " + sys.argv[1])
    run, world = PROGRAMS[sys.argv[1]]
    tap.main(run, deadline_s=1800, **world)


if __name__ == "__main__":
    main()
