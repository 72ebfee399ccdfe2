#!/usr/bin/python3
"""The quarantine with a million entries: long_quarantine.py NAME; without a name it lists them. What an entry takes in
Redis, what keeps Redis busy, what a decision at RCPT takes beside an empty quarantine, and what mxctl takes."""
import json
import os
import subprocess
import sys
import time

import bulk
import tap
from tap import case, check, comment, equal, like
from world import CONF, providers

COUNT = int(os.environ.get("MXPACE_ENTRIES", "1000000"))  # divisible by 36
ENTRY_MAX = 760  # bytes of Redis' memory for an entry, its key and its place in the index
RSS_MAX_KB = 64 * 1024


def ctl(w, *args):
    """Its output, and a comment on what it took."""
    start = time.monotonic()
    task = subprocess.Popen([w.binary("mxctl"), "-c", CONF, *args], stdout=subprocess.PIPE, text=True)
    text = task.stdout.read()
    _, status, usage = os.wait4(task.pid, 0)
    task.returncode = os.waitstatus_to_exitcode(status)
    comment("%s: %.1f s, %d kB" % (" ".join(args[:3]), time.monotonic() - start, usage.ru_maxrss))
    equal(task.returncode, 0, text[-300:])
    check(usage.ru_maxrss <= RSS_MAX_KB, "mxctl took %d kB" % usage.ru_maxrss)
    return text


def statistics(w):
    return json.loads(ctl(w, "--json", "quarantine", "stats"))["status"]


def million(w):
    w.node = w.policyd("a")
    path = w.root + "/million.jsonl"
    bulk.write(path, COUNT)
    empty = bulk.rcpt_us(w.node)
    before = bulk.memory(w.redis)
    slow = bulk.Slow(w.redis)
    with case("import of a million"):
        like(ctl(w, "quarantine", "import", path), "^%d written" % COUNT)
        equal(w.redis.cmd("ZCARD", "mxpace:quarantine"), COUNT)
    with case("at most %d bytes for an entry" % ENTRY_MAX):
        each = (bulk.memory(w.redis) - before) / COUNT
        hashes = [w.redis.cmd("MEMORY", "USAGE", "mxpace:{q:%s}" % bulk.address(n)) for n in range(8)]
        comment("%d bytes an entry, %d of them the hash" % (each, sum(hashes) / len(hashes)))
        check(each <= ENTRY_MAX, "%d bytes" % each)
    full = bulk.rcpt_us(w.node)
    with case("list --match, stats, export and undo of a million, in bounded memory"):
        listed = ctl(w, "quarantine", "list", "--match", "anna.schneider7777*")
        equal(listed.count("@"), sum(str(n).startswith("7777") for n in range(COUNT)))
        equal(statistics(w)["quarantined"], COUNT)
        like(ctl(w, "quarantine", "export", w.root + "/all.csv"), "^%d entries" % COUNT)
        os.unlink(w.root + "/all.csv")
        said = ctl(w, "quarantine", "undo", "--group", "icloud", "--text", "lookup success")
        like(said, "^%d entries undone" % (COUNT // 4))
        equal(statistics(w), {"counting": 0, "quarantined": COUNT - COUNT // 4, "held": 0, "released": COUNT // 4})
        like(ctl(w, "quarantine", "redo", like(said, "redo (\\S+)").group(1)), "^%d entries are there" % (COUNT // 4))
        equal(statistics(w)["quarantined"], COUNT)
    with case("no command of all that was slow each time"):
        def again(keys):
            bulk.write_these(path, bulk.numbers_of(keys))
            ctl(w, "quarantine", "import", "--force", path)
        comment("%d commands over 5 ms, none of them again" % slow.judge(again))
    with case("a decision at RCPT takes what it takes with an empty quarantine"):
        full = min(full, bulk.rcpt_us(w.node))
        w.redis.cmd("FLUSHALL")
        again = bulk.rcpt_us(w.node)
        for name, (middle, most) in (("empty", empty), ("a million", full), ("empty again", again)):
            comment("%s: %.0f us, of a hundred 95 below %.0f us" % (name, middle, most))
        limit = 1.25 * max(empty[0], again[0])
        check(full[0] <= limit, "%.0f us instead of at most %.0f" % (full[0], limit))


def main():
    scenarios = {"million": million}
    if len(sys.argv) != 2 or sys.argv[1] not in scenarios:
        print("\n".join(scenarios))
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_quarantine " + sys.argv[1])
    plenty = {"limits": ["1000000/1h"], "connections": 100000}
    tap.main(scenarios[sys.argv[1]], deadline_s=1800, **providers(five=plenty))


if __name__ == "__main__":
    main()
