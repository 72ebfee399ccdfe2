#!/usr/bin/python3
"""A new sending IP warms up for thirty days, a day each few seconds: Redis' clock is moved, Postfix, mxpolicyd and three
providers are real. One of them complains on day 6. Its caps are judged where the mail arrives. long_warmup.py NAME;
without a name it lists them."""
import collections
import json
import os
import re
import struct
import sys
import time

import tap
from fleet import rule, site
from process import wait_for
from redis_server import RedisServer
from tap import case, check, comment, equal
from test_warmup import CONF, NEW, NEW_ADDRESS, TwoAddresses, known, mxctl
from world import build_folder

DAYS, DAY_S = 30, 86400
# From one day to the next it is so much later: a message counts for 24 hours, and up to 1/64 of that longer.
LATER_S = 1800
STAGES = ((2, 5), (2, 10), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60))  # days, cap
PROVIDERS = ("google", "outlook", "yahoo")
ANGRY, ANGRY_DAY = "yahoo", 5  # day 6
COMPLAINT = "421 4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred due to user complaints"
COMPLAINTS = 3
DEMAND = 66  # messages a day to each
PLAN = {"name": "short", "stages": [{"days": days, "cap": cap} for days, cap in STAGES]}
BACKOFF = {"match": "TSS04", "sample": COMPLAINT, "after": "%d/1h" % COMPLAINTS, "action": "suspend", "for": "1h"}
RULES = [rule(name, connections=4, **({"backoff": [BACKOFF]} if name == ANGRY else {})) for name in PROVIDERS]


class MovedRedis(RedisServer):
    """With a clock that stands still until it is moved."""

    def __init__(self, *args):
        super().__init__(*args)
        self._path = self.folder + "/clock"
        with open(self._path, "wb") as f:
            f.write(struct.pack("=q", 0))  # as it is

    def set_time(self, seconds):
        with open(self._path, "r+b") as f:  # it is mapped
            f.write(struct.pack("=q", int(seconds * 1e6)))

    def launch(self, *options):
        os.environ.update(LD_PRELOAD=os.path.abspath(build_folder() + "/lua/clock.so"), MXPACE_TEST_CLOCK=self._path)
        try:
            super().launch(*options)
        finally:
            del os.environ["LD_PRELOAD"], os.environ["MXPACE_TEST_CLOCK"]


class MovedWorld(TwoAddresses):
    """On such a Redis."""
    redis_server = MovedRedis


class Calendar:
    """Which day it is to Redis, and what the providers took on each."""

    def __init__(self, f):
        self.f = f
        self.first = int(time.time()) // DAY_S
        self.taken = {name: [] for name in PROVIDERS}  # by the new IP, each day
        self._sum = collections.Counter()

    def begin(self, day):
        """A new day. mxpolicyd begins anew: by its own clock, yesterday was a moment ago."""
        node = self.f.policyd_of("a")
        node.end()
        self.f.redis.set_time((self.first + day) * DAY_S + 3600 + day * LATER_S)
        node.start()
        known(self.f)
        if day > 0:
            wait_for(lambda: self._judged(day - 1), "day %d to be judged" % day, 60, every=0.1)
            known(self.f)

    def _judged(self, day):
        state = self.f.redis.hash("mxpace:{w:%s}" % NEW)
        date = time.strftime("%Y%m%d", time.gmtime((self.first + day) * DAY_S))
        return state.get("state") == "done" or state.get("judged") == date

    def end(self):
        """Of the day: what came from the new IP."""
        for name in PROVIDERS:
            seen = self.f.seen(name)
            total = sum(seen.connections[m.connection].peer == NEW_ADDRESS for m in seen.messages)
            self.taken[name].append(total - self._sum[name])
            self._sum[name] = total


def caps(stages):
    return [cap for days, cap in stages for _ in range(days)]


def expected(name):
    """Each day's cap; None: none any more. The angry one was half through the third stage: a day of it does not count,
    and the stage before comes again."""
    plan = caps(STAGES)
    if name == ANGRY:
        plan = plan[:ANGRY_DAY + 1] + caps(STAGES[1:])
    return (plan + [None] * DAYS)[:DAYS]


def send(f, everything):
    for name in PROVIDERS:
        recipients = f.sites[name].recipients(DEMAND)
        everything += recipients
        f.queue_up(recipients)


def angry_day(f, everything, day):
    """A provider says 421 until that was heard; its mail waits for the next day, that of the others does not."""
    (host,) = f.sites[ANGRY].hosts
    f.provider.change(host, rcpt=[[".", COMPLAINT]])
    send(f, everything)
    wait_for(lambda: f.redis.events(type="backoff", group=ANGRY), "the backoff", 30)
    f.provider.change(host, rcpt=[])
    for name in PROVIDERS:
        if name != ANGRY:
            f.wait_messages((day + 1) * DEMAND, name)


def play(f):
    calendar, everything = Calendar(f), []
    for day in range(DAYS):
        calendar.begin(day)
        if day == 0:
            mxctl(f, "start", NEW)
            known(f)
            f.start()
        if day == ANGRY_DAY:
            angry_day(f, everything, day)
        else:
            send(f, everything)
            f.wait_messages(len(everything), deadline=90)
        calendar.end()
    return calendar, everything


def judge(f, calendar, everything):
    for name in PROVIDERS:
        comment("%-8s %s" % (name, " ".join(map(str, calendar.taken[name]))))
        with case("%s: each day its cap and no more, then none" % name):
            for day, (got, cap) in enumerate(zip(calendar.taken[name], expected(name)), 1):
                if name == ANGRY and day == ANGRY_DAY + 1:
                    check(got <= cap, "day %d: %d of %d" % (day, got, cap))
                elif cap is not None:
                    equal(got, cap, "day %d" % day)
    with case("no mail is lost, none sent twice"):
        equal([len(which) for which in f.seen().lost_and_doubled(everything)], [0, 0], "(lost, sent twice)")


def told(f):
    with case("it came to its end, a stage back for one provider alone, and the time line tells it"):
        shown = json.loads(f.mxctl("--json", "warmup", "show", NEW, "--history").stdout)
        equal(shown["state"], "done")
        equal([row["group"] for row in shown["history"] if row["what"] == "down"], [ANGRY])
        lines = {row["group"]: re.sub(r"^\d+ ", "", row["days"]) for row in shown["lines"]}
        good = "1+1^2+2^3+3^4+4+4^5+5+5+5^6+6+6+6+6^7+7+7+7+7+7*"
        for name in PROVIDERS:
            wanted = good if name != ANGRY else good.replace("3+3^", "3+3v2+2^3+3^")
            check(lines[name].startswith(wanted), "%s: %s" % (name, lines[name]))
        for line in f.mxctl("warmup", "show", NEW, "--history").stdout.splitlines()[:16]:
            comment(line)


def ramp(f):
    calendar, everything = play(f)
    judge(f, calendar, everything)
    told(f)


def main():
    if sys.argv[1:] != ["warmup"]:
        print("warmup")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_warmup")
    tap.main(ramp, kind=MovedWorld, deadline_s=1500, sites=[site(name) for name in PROVIDERS], rules=RULES, nodes=1,
             conf={**CONF, "warmup_plans": [PLAN], "hold": "2s"})


if __name__ == "__main__":
    main()
