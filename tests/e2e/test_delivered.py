#!/usr/bin/python3
"""Deliveries: Postfix's own log tells mxctl what was delivered for which account, once however often it is read."""
import json
import time

import tap
import world
from ndr import notice
from process import wait_for
from tap import case, check, equal, like
from world import RETURN_PATH

ACCOUNT = RETURN_PATH.partition("@")[2]
UNKNOWN = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}> User unknown"}


def log_of(w):
    """What Postfix has logged; the MX hosts of this world stand on the loopback, which is none of the network."""
    return w.postfix.log.text().replace("[127.0.1.", "[192.0.2.").encode()


def told(w, log):
    done = w.mxctl("quarantine", "delivered", "--maillog", data=log)
    equal((done.returncode, done.stderr), (0, ""))
    return int(like(done.stdout, r"(?m)^(\d+) counted for their accounts$")[1])


def figures(w, *command):
    return json.loads(w.mxctl("--json", *command).stdout)


def sent(w, count):
    wait_for(lambda: figures(w, "account", "show", ACCOUNT)["last_24h"]["sent"] == count, "%d to be counted" % count)


def counted(w):
    with case("before anybody tells, deliveries are not known"):
        for recipients in (["ann@foo.test", "bob@foo.test"], ["ann@twin.test"]):
            equal({code for code, _ in w.postfix.send(RETURN_PATH, recipients).values()}, {250})
        w.sink.wait_messages(2)
        wait_for(lambda: len(w.postfix.log.lines(r": removed$")) >= 2, "both to leave the queue")
        sent(w, 3)
        equal(figures(w, "account", "show", ACCOUNT)["last_24h"]["delivered"], None)
        like(w.mxctl("account", "show", ACCOUNT).stdout, r"(?m)^ +Delivered +not known$")
        like(w.mxctl("report").stdout, r"(?m)^  Delivered +not known")
        equal(figures(w, "report")["total"]["delivered"], None)
    with case("the log tells: each recipient counts for the account"):
        equal(told(w, log_of(w)), 3)
        day = figures(w, "account", "show", ACCOUNT)["last_24h"]
        equal((day["sent"], day["delivered"], day["delivered_rate"]), (3, 3, "100.0 %"))
        rows = figures(w, "account", "list")["accounts"]
        equal([(r["name"], r["sent"], r["delivered"]) for r in rows], [(ACCOUNT, 3, 3)])
        like(w.mxctl("report").stdout, r"(?m)^  Delivered +3 +100\.0 %")
    with case("the log read again counts nothing, and what came meanwhile once"):
        equal(told(w, log_of(w)), 0)
        equal(w.postfix.send(RETURN_PATH, ["cid@foo.test"])["cid@foo.test"][0], 250)
        w.sink.wait_messages(1, "cid@foo.test")
        w.postfix.log.wait(r"to=<cid@foo\.test>.*status=sent")
        sent(w, 4)
        equal(told(w, log_of(w)), 1)
        equal(told(w, log_of(w)), 0)
        equal(figures(w, "account", "show", ACCOUNT)["last_24h"]["delivered"], 4)
    with case("a stranger's mail that is passed on makes nobody an account"):
        line = "%s mta1 postfix/%%s\n" % time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        equal(told(w, (line % "qmgr[1]: 4F2A1: from=<x@stranger.test>, size=4, nrcpt=1 (queue active)" + line %
                       "smtp[1]: 4F2A1: to=<u@foo.test>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)").encode()), 0)
        equal(w.redis.cmd("ZRANGE", "mxpace:accounts", 0, -1), [ACCOUNT])


def reasons(w):
    with case("the report says why mail of a provider came back, and what it said of the account's"):
        for name in ("gone1", "gone2"):
            equal(w.mxbounce(notice(name + "@foo.test", UNKNOWN)).returncode, 0)
        groups = {row["name"]: row for row in figures(w, "report")["groups"]}
        check(any(row["reasons"] == {"user_unknown": 2} for row in groups.values()), groups)
        like(w.mxctl("report").stdout, r"(?m)^    user unknown 100\.0 %$")
        found = figures(w, "report", "--account", ACCOUNT)["diagnostics"]
        equal([(row["reason"], row["count"]) for row in found], [("user_unknown", 2)])
        like(found[0]["text"], r"^550 5\.1\.1 ")
        group = next(name for name, row in groups.items() if row["reasons"])
        equal([(r["reason"], r["count"]) for r in figures(w, "report", "--group", group)["reasons"]], [("user_unknown", 2)])


def run(w):
    w.policyd("a")
    counted(w)
    reasons(w)


if __name__ == "__main__":
    tap.main(run, postfix=1, **world.providers())
