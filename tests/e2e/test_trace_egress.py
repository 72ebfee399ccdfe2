#!/usr/bin/python3
"""`mxctl trace` as mail goes out: the transport that was chosen, the hold, how the delivery ended; and a line for each
delivery that was held over a second."""
import re

import tap
from fleet import Fleet, rule, site
from process import wait_for
from tap import case, check, equal, like

TRACED = "ann@slow.test"
OTHERS = ["u%d@slow.test" % i for i in range(4)]
STEP = r"trace: pattern=ann@slow\.test step=%s .*"


def run(f):
    f.start()
    log = f.policyd_of("a").log
    with case("an address is traced"):
        equal(f.mxctl("trace", TRACED).returncode, 0)
        log.wait(r"trace: pattern=ann@slow\.test what=begins")
    f.queue_up([*OTHERS, TRACED])
    f.wait_messages(len(OTHERS) + 1)
    with case("which transport it takes, and why"):
        like(log.wait(STEP % "transport")[0], r"recipient=<ann@slow\.test> sender=<\S+>")
        like(log.wait(STEP % "lane")[0], r"sending_ip=1 queued=\d+ allowed=\d+.*: level normal, 1 connection")
        like(log.wait(STEP % "route")[0], r"verdict=send .*recipient=<ann@slow\.test> enforce=egress took=\d+ms: mxp-slow-1:")
        equal([line for line in log.lines(STEP % "route") if "<ann@" not in line], [])
    with case("the deliveries to its domain: held, connected, ended"):
        like(log.wait(STEP % "delivery")[0], r"domain=slow\.test service=mxp-slow-1 group=slow rule=slow ip=\S+ waited=0")
        like(log.wait(STEP % "(?:ready|connect)")[0], r": (slot|reuse)$")
        like(log.wait(STEP % "status")[0], r"domain=slow\.test .*: 2\.\d\.\d ")
    with case("a delivery that was held over a second has a line, equal ones are counted"):
        held = r"info: held: group=slow ip=\S+ domain=slow\.test rule=slow for=(slot|message) waited=\d+s"
        log.wait(held)
        again = r"info: held: group=slow ip=\S+ domain=slow\.test: repeated \d+ times? in \d+s"
        log.wait(again)
        total = sum(int(m[1]) if (m := re.search(r"repeated (\d+)", line)) else 1 for line in log.lines("info: held: "))
        check(2 <= total <= 2 * len(OTHERS), "%d of them" % total)
    with case("mail for others is not shown"):
        equal(f.mxctl("trace", "--off").returncode, 0)
        log.wait(r"what=ends")
        since = log.mark()
        f.queue_up(["bob@quick.test"])
        f.wait_messages(1, "quick")
        wait_for(lambda: not f.queued(), "an empty queue", 20)
        equal(log.lines("trace:", since), [])


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=[site("slow", data_s=1.3), site("quick")], nodes=1,
             rules=[rule("slow", connections=1), rule("quick")], conf={"log_period": "3s"})
