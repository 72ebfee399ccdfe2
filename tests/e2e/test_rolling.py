#!/usr/bin/python3
"""In no rolling window is a limit exceeded, and what it allows is granted: a recorded time line of several windows."""
import random

import tap
import world
from load import Load
from process import wait_for
from tap import case, check, equal

LIMITS = {  # provider: [(messages, seconds)]
    "short": [(20, 2.0)], "long": [(40, 5.0)], "double": [(20, 2.0), (40, 5.0)],  # asked all the time
    "random": [(20, 2.0)],  # asked at random times, at twice the rate that it allows
}
ASKED_ALWAYS = {"short": (20, 2.0), "long": (40, 5.0), "double": (40, 5.0)}  # the limit that binds over a longer time
WINDOWS = 15.0  # seconds of them: 7 of the short ones, 3 of the long ones
GRANTED = 0.95


def excess(grants, count, period):
    """The first (count + 1) grants that were certainly within one period, as seconds from the first's question to the
    last's answer; None if there are none."""
    grants = sorted(grants)
    for i in range(len(grants) - count):
        group = grants[i:i + count + 1]
        span = max(answered for _, answered in group) - group[0][0]
        if span < period:
            return span
    return None


def use(grants, count, period):
    """What was granted in whole periods since the first grant, as a share of what the limit allows."""
    times = sorted(answered for _, answered in grants)
    periods = (len(times) - 1) // count
    check(periods >= 2, "only %d grants: too few to say anything" % len(times))
    return periods * period / (times[periods * count] - times[0])


def run(w):
    with case("a time line with one grant too many is seen as such, one that is just right is not"):
        right = [(2.0 * (i // 20) + 0.001 * i, 2.0 * (i // 20) + 0.001 * i + 0.0005) for i in range(100)]
        equal(excess(right, 20, 2.0), None)
        check(excess([*right, (2.5, 2.5005)], 20, 2.0) is not None, "21 in 2 s weren't noticed")
        check(use(right, 20, 2.0) > 0.98, "full use looks like less")
        check(use([(t * 1.1, u * 1.1) for t, u in right], 20, 2.0) < GRANTED, "use of 91 % looks like more")
    nodes = [w.policyd("a"), w.policyd("b")]
    always = [(node, "u@%s.test" % name) for node in nodes for name in ASKED_ALWAYS]
    gap = random.Random(7)
    with Load(always) as load, Load([(node, "u@random.test") for node in nodes for _ in range(2)],
                                    pause=lambda: gap.expovariate(5.0)) as random_load:
        first = wait_for(lambda: load.grants("u@double.test"), "the first grant")[0][1]
        for name, (count, period) in ASKED_ALWAYS.items():
            enough = int(WINDOWS / period) * count + 1
            wait_for(lambda name=name, enough=enough: len(load.grants("u@%s.test" % name)) >= enough,
                     "%d grants of %s" % (enough, name), 3 * WINDOWS, every=0.05)
        # so that the random ones have seen as much
        wait_for(lambda: random_load.answers()[-1][0] - first > WINDOWS, "the end of the windows", WINDOWS, every=0.05)
    with case("every question was answered"):
        equal(load.errors + random_load.errors, [])
    for name, rows in LIMITS.items():
        grants = (random_load if name == "random" else load).grants("u@%s.test" % name)
        for count, period in rows:
            with case("%s: never above %d in %g s, at two mxpolicyd together" % (name, count, period)):
                check(len(grants) > 2 * count, "only %d grants" % len(grants))
                span = excess(grants, count, period)
                check(span is None, "%d messages within %s s" % (count + 1, span))
        if name in ASKED_ALWAYS:
            count, period = ASKED_ALWAYS[name]
            with case("%s: at least 95 %% of %d in %g s granted when asked for all the time" % (name, count, period)):
                share = use(grants, count, period)
                check(share >= GRANTED, "granted %.1f %%" % (100 * share))
    with case("random: the refused were told the limit and the wait"):
        refused = [a for a in random_load.actions() if a != "DUNNO"]
        check(len(refused) > 20, "only %d were refused: the test asked too little" % len(refused))
        for action in refused:
            tap.like(action, r"^DEFER_IF_PERMIT 4\.7\.1 mxpace: group random: limit 20/2s reached, "
                             r"next message in [1-3]s$")


if __name__ == "__main__":
    rules = {name: {"limits": ["%d/%ds" % row for row in rows]} for name, rows in LIMITS.items()}
    tap.main(run, **world.providers(**rules))
