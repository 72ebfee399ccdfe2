#!/usr/bin/python3
"""Measures what mxpace adds to a delivery when nothing waits: the same Postfix with and without it, in one run.

Two nodes of a fleet (tests/e2e/fleet.py) on one machine send to a provider that is quick, one after `mxctl postfix
setup` with limits so high that nothing is ever held, the other as it was. They take turns, message by message and then
batch by batch, so that a busy or throttled machine hits both alike.

A measurement, not a test: the exit code is 1 only when it could not be made.
"""
import argparse
import dataclasses
import http.client
import os
import pathlib
import re
import statistics
import sys
import time

sys.dont_write_bytecode = True
# Before this folder: both have a module named world.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import isolation  # noqa: E402
from fleet import PROPOSED, Fleet, rule, site  # noqa: E402
from process import wait_for  # noqa: E402

WARM_UP = 30
BATCH = 200
MOST_S = 60  # for a batch
DEADLINE_S = 600
MAIN = (*PROPOSED, "delay_logging_resolution_limit = 6")
HIGH = {"connections": 1000, "messages_per_hour": 100000000}
TICKS = os.sysconf("SC_CLK_TCK")
DELAYS = re.compile(r" to=<([^>]+)>.* delays=([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+),.* status=sent ")


# --- one node -------------------------------------------------------------------------------------

class Side:
    """A node, and what is known of its deliveries. label: with or without mxpace."""

    def __init__(self, fleet, node, label):
        self.fleet, self.node, self.label = fleet, node, label
        self.sent = {}     # recipient: when it was put into the queue
        self.rates = []    # messages a second of each batch

    def send(self, count):
        """Until its queue is empty again; returns the recipients."""
        recipients = self.fleet.sites["quick"].recipients(count)
        began = time.monotonic()
        self.sent.update(dict.fromkeys(recipients, began))
        self.node.queue_up(recipients)
        wait_for(lambda: self.node.queued() == 0, "node %s to deliver" % self.node.name, MOST_S,
                 every=0.002 if count == 1 else 0.02)
        return recipients

    def logged(self):
        """{recipient: its four delays in ms}, as Postfix logged them."""
        return {m[1]: [1000 * float(x) for x in m.groups()[1:]] for m in DELAYS.finditer(self.node.log.text())}

    def postfix_cpu_s(self):
        """All that its processes, and those of them that have ended, have used so far."""
        total = 0.0
        for pid in self.node.network.processes():
            try:
                with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
                    name, _, fields = f.read().partition("(")[2].rpartition(") ")
            except OSError:
                continue
            if name != "mxpolicyd":
                # utime, stime, and those of children that were waited for: only master has any
                total += sum(map(int, fields.split()[11:15])) / TICKS
        return total


def cpu_s(pid):
    """What all threads of a process have run, from the scheduler."""
    threads = pathlib.Path("/proc/%d/task" % pid).glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in threads) / 1e9


def lookups(node):
    """{map: count} so far, from /metrics."""
    with node.network:
        connection = http.client.HTTPConnection("127.0.0.1", 9925, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    return {name: int(value) for name, value in re.findall(r'^mxpace_lookups_total\{map="(\w+)"\} (\d+)$', text, re.M)}


# --- measuring ------------------------------------------------------------------------------------

@dataclasses.dataclass
class Costs:
    """What was used while so many messages were delivered."""
    deliveries: int
    mxpolicyd_s: float
    redis_s: float
    scripts: int
    postfix_s: dict  # {label: s}
    lookups: dict


class Meter:
    def __init__(self, fleet, sides):
        self._fleet, self._sides = fleet, sides
        self._policyd = fleet.policyd_of("a").pid
        self._redis = fleet.redis.cmd("INFO", "server").partition("process_id:")[2].split()[0]
        self._begin = self._now()

    def _now(self):
        stats = self._fleet.redis.cmd("INFO", "commandstats")
        scripts = sum(map(int, re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", stats)))
        return Costs(0, cpu_s(self._policyd), cpu_s(int(self._redis)), scripts,
                     {side.label: side.postfix_cpu_s() for side in self._sides}, lookups(self._sides[0].node))

    def read(self, deliveries):
        """Since it was made. deliveries: of each side."""
        a, b = self._begin, self._now()
        return Costs(deliveries, b.mxpolicyd_s - a.mxpolicyd_s, b.redis_s - a.redis_s, b.scripts - a.scripts,
                     {label: b.postfix_s[label] - a.postfix_s[label] for label in b.postfix_s},
                     {name: count - a.lookups.get(name, 0) for name, count in b.lookups.items()})


def singly(fleet, sides, count):
    meter = Meter(fleet, sides)
    for at in range(count):
        for side in sides if at % 2 else reversed(sides):
            side.send(1)
    return meter.read(count)


def in_bulk(fleet, sides, count):
    meter, batches = Meter(fleet, sides), max(1, count // BATCH)
    for at in range(batches):
        for side in sides if at % 2 else reversed(sides):
            recipients = set(side.send(BATCH))
            times = [m.t for m in fleet.seen("quick").messages if m.recipients[0] in recipients]
            side.rates.append(len(times) / (max(times) - side.sent[min(recipients)]))
    return meter.read(batches * BATCH)


def stages(side, record, recipients):
    """{what: ms of each delivery} as the provider saw it, and as Postfix logged it."""
    opened = {number: c.opened for number, c in record.connections.items()}
    delays = side.logged()
    found = {name: [] for name in ("until connected", "until delivered", *"abcd")}
    for message in record.messages:
        recipient = message.recipients[0]
        if recipient in recipients:
            began = side.sent[recipient]
            found["until connected"].append(1000 * (opened[message.connection] - began))
            found["until delivered"].append(1000 * (message.t - began))
            for name, value in zip("abcd", delays[recipient]):
                found[name].append(value)
    return found


# --- telling --------------------------------------------------------------------------------------

MEANINGS = {
    "until connected": "sink: queued until the connection",
    "until delivered": "sink: queued until the message is taken",
    "a": "log a: before the queue manager", "b": "log b: in the queue manager", "c": "log c: set-up of the connection",
    "d": "log d: the transmission",
}


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def tell_stages(title, found, names):
    """found: {label: stages()}"""
    print("\n%-42s %21s %21s %21s" % (title, *found, "added"))
    print("%-42s %s" % ("ms", " ".join(["%10s %10s" % ("median", "p99")] * 3)))
    for name in names:
        rows = [[statistics.median(of[name]), percentile(of[name], 0.99)] for of in found.values()]
        rows.append([x - y for x, y in zip(*rows)])
        print("%-42s %s" % (MEANINGS[name], " ".join("%10.3f %10.3f" % tuple(row) for row in rows)))


def tell_costs(title, costs):
    def us(seconds):
        return 1e6 * seconds / costs.deliveries
    a, b = costs.postfix_s.values()
    print("\n%s, a delivery:" % title)
    print("  look-ups          %.2f: %s" % (sum(costs.lookups.values()) / costs.deliveries, ", ".join(
        "%s %.2f" % (name, count / costs.deliveries) for name, count in costs.lookups.items() if count)))
    print("  CPU of mxpolicyd  %.0f us; of Redis %.0f us, %.2f scripts" % (
        us(costs.mxpolicyd_s), us(costs.redis_s), costs.scripts / costs.deliveries))
    print("  CPU of Postfix    %.0f us with mxpace, %.0f us without: %.2f x" % (us(a), us(b), a / b))


def tell_rates(sides):
    medians = [statistics.median(side.rates) for side in sides]
    ratios = [x / y for x, y in zip(*(side.rates for side in sides))]
    print("\n%d batches of %d: median %.0f messages a second with mxpace, %.0f without; ratio %.2f (%.2f-%.2f)" % (
        len(ratios), BATCH, *medians, statistics.median(ratios), min(ratios), max(ratios)))


# --- main -----------------------------------------------------------------------------------------

def bench(options):
    load = os.getloadavg()[0]
    with Fleet([site("quick")], rules=[rule("quick", **HIGH)], nodes=2, main=MAIN, policyd=False) as fleet:
        sides = [Side(fleet, node, label) for node, label in zip(fleet.nodes, ("with mxpace", "without"))]
        fleet.policyd("a")
        fleet.set_up(fleet.node("a"))
        fleet.start()
        for side in sides:
            side.send(WARM_UP)
            side.sent.clear()
        alone = singly(fleet, sides, options.singly)
        singles = [set(side.sent) for side in sides]
        bulk = in_bulk(fleet, sides, options.bulk)
        record = fleet.seen("quick")
        print("mxpace bench, egress: Postfix %s, load before %.2f; each with and without mxpace: %d messages one at a "
              "time, %d in bulk" % (fleet.nodes[0].command("postconf", "-dh", "mail_version").strip(), load,
                                    alone.deliveries, bulk.deliveries))
        tell_stages("one at a time", {side.label: stages(side, record, which) for side, which in zip(sides, singles)},
                    MEANINGS)
        tell_costs("one at a time", alone)
        tell_rates(sides)
        tell_stages("in bulk", {side.label: stages(side, record, set(side.sent) - which)
                                for side, which in zip(sides, singles)}, "cd")
        tell_costs("in bulk", bulk)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--singly", type=int, default=300, metavar="N", help="messages one at a time, each way")
    parser.add_argument("--bulk", type=int, default=1000, metavar="N",
                        help="messages in batches of %d, each way" % BATCH)
    options = parser.parse_args()
    why_not = isolation.possible()
    if why_not:
        sys.exit("bench: egress %s" % why_not)
    isolation.enter(DEADLINE_S)
    try:
        bench(options)
    except (AssertionError, isolation.Interrupted) as e:
        sys.exit("bench: %s" % e)


if __name__ == "__main__":
    main()
