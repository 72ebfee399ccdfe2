#!/usr/bin/python3
"""mxctl verify: a list before it is mailed, against a real DNS and Redis; and how fast."""
import json
import time

import tap
import world
from process import PATIENCE
from tap import case, check, equal, like

LEAST = 20000  # addresses a second, once their domains are known


def verify(w, *args, data="", wanted=0):
    done = w.mxctl("verify", *args, data=data.encode())
    equal(done.returncode, wanted, done.stderr)
    return done


def verdicts(w):
    w.mxctl("quarantine", "add", "gone@hard.test")
    w.mxctl("quarantine", "add", "--reason", "mailbox_full", "--for", "30d", "--text", "552 full", "full@hard.test")
    w.redis.cmd("HSET", "mxpace:{q:once@hard.test}", "status", "counting", "type", "soft", "reason", "mailbox_full",
                "errors", "1", "first", int(time.time()), "last", int(time.time()))
    rows = [
        ("ann@hard.test", "ok", ""), ("Ann@HARD.test", "duplicate", ""), ("info@hard.test", "role", ""),
        ("ann@implicit.test", "ok", ""), ("ann@nullmx.test", "null_mx", ""), ("ann@nowhere.test", "no_domain", ""),
        ("ann", "syntax", "no @"), ("a b@hard.test", "syntax", "character"), ("gone@hard.test", "quarantined", "user_unknown"),
        ("full@hard.test", "quarantined", "mailbox_full: 552 full"), ("once@hard.test", "counting", "mailbox_full, 1 error"),
        ("ann@local.test", "ok", ""),
    ]
    text = "".join(address + "\n" for address, _, _ in rows)
    with case("each address comes out with its verdict, in its place"):
        lines = verify(w, data=text).stdout.splitlines()
        equal([line.split("\t")[:2] for line in lines], [[address, verdict] for address, verdict, _ in rows])
        for line, (_, _, why) in zip(lines, rows):
            check(why in line, line)
    with case("--json: an object a line, and the summary as the last"):
        *objects, last = map(json.loads, verify(w, "--json", data=text).stdout.splitlines())
        equal([o["verdict"] for o in objects], [verdict for _, verdict, _ in rows])
        like(objects[9]["until"], r"^20\d\d-\d\d-\d\dT")
        equal((last["summary"]["total"], last["summary"]["quarantined"], last["summary"]["user_unknown"]), (12, 2, 1))
        equal(last["summary"]["looks"], "too_short")
    with case("--column: CSV in, the same with three columns more out"):
        data = "name,mail\r\n\"Ann, B\",ann@hard.test\r\nGone,gone@hard.test\r\nNobody\r\n"
        equal(verify(w, "--column", "2", data=data).stdout.splitlines(),
              ["name,mail,verdict,why,until", "\"Ann, B\",ann@hard.test,ok,,", "Gone,gone@hard.test,quarantined,user_unknown: added by hand,",
               "Nobody,syntax,no column 2,"])
    with case("--format list: what may be mailed, as it was"):
        equal(verify(w, "--format", "list", data=text).stdout.split(),
              ["ann@hard.test", "info@hard.test", "ann@implicit.test", "once@hard.test", "ann@local.test"])
    with case("a file, and an empty one; one that is not there; wrong options"):
        path = w.root + "/list"
        with open(path, "w", encoding="utf-8") as f:
            f.write("ann@hard.test")
        equal(verify(w, path).stdout, "ann@hard.test\tok\n")
        equal(verify(w, "/dev/null").stdout, "")
        verify(w, w.root + "/missing", wanted=1)
        verify(w, "--column", "0", wanted=2)
        verify(w, "--format", "xml", wanted=2)
    with case("a list with many dead domains looks bought: exit status 1"):
        data = "".join("user%d@%s\n" % (i, "hard.test" if i % 10 else "dead%d.test" % i) for i in range(1000))
        like(verify(w, data=data, wanted=1).stderr, r"10\.0 % of them are dead .*: it looks bought")


def speed(w):
    count = 200000
    data = "".join("user%d@%s\n" % (i, ("hard.test", "soft.test", "foo.test", "twin.test")[i % 4]) for i in range(count))
    with case("at least %d addresses a second" % LEAST):
        began = time.monotonic()
        done = w.mxctl("verify", data=data.encode())
        took = time.monotonic() - began
        equal(done.returncode, 0, done.stderr)
        equal(done.stdout.count("\tok\n"), count)
        tap.comment("%d addresses a second" % (count / took))
        check(took < count / LEAST * PATIENCE, "%.1f s" % took)
    with case("Redis away: exit status 3, and words"):
        w.redis.kill()
        like(verify(w, data="ann@hard.test\n", wanted=3).stderr, "Redis|refused|connect")
        w.redis.start()


def run(w):
    verdicts(w)
    speed(w)


if __name__ == "__main__":
    tap.main(run, **world.providers(hard={}, soft={}))
