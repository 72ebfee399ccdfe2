#!/usr/bin/python3
"""mxctl: what it shows is what is, in words and as JSON, and its exit status says how it went."""
import json
import os
import re
import time

import tap
import world
from policy import new_instance
from process import wait_for
from tap import case, check, equal, like

DONE, NO, USAGE, UNREACHABLE = 0, 1, 2, 3
GONE = "gone@five.test"


def as_json(done):
    """Its output is one JSON document, whatever the exit status."""
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as e:
        raise AssertionError("not JSON (%s): %r" % (e, done.stdout[:300])) from e


def mentions(document, text):
    """Whether a string is somewhere in a JSON document."""
    return text in json.dumps(document, ensure_ascii=False)


def quarantine(w):
    with case("quarantine show of an unknown address: 1, and says so"):
        done = w.mxctl("quarantine", "show", GONE)
        equal(done.returncode, NO)
        like(done.stdout + done.stderr, re.escape(GONE))
    with case("quarantine list of none: 0, and JSON that is empty"):
        equal(w.mxctl("quarantine", "list").returncode, DONE)
        done = w.mxctl("--json", "quarantine", "list")
        equal(done.returncode, DONE)
        check(not mentions(as_json(done), "@"), done.stdout)
    with case("quarantine add: 0; Redis has the entry, the index and the event"):
        equal(w.mxctl("quarantine", "add", GONE).returncode, DONE)
        entry = w.redis.entry(GONE)
        equal(entry["status"], "quarantined")
        check(entry.get("by") not in (None, "", "mxbounce"), "by %r" % entry.get("by"))
        check(abs(int(entry["first"]) - time.time()) < 60, "first %r" % entry.get("first"))
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", GONE), "inf")
        check(w.redis.events(type="quarantined", address=GONE), "no event")
    with case("it is refused from now on"):
        with w.node.connect() as p:
            like(p.ask(GONE), "^550 5.1.1 mxpace: %s is quarantined since " % re.escape(GONE))
    with case("quarantine list and show name it, in words and as JSON"):
        for args in (("list",), ("show", GONE)):
            done = w.mxctl("quarantine", *args)
            equal(done.returncode, DONE)
            like(done.stdout, re.escape(GONE))
            done = w.mxctl("--json", "quarantine", *args)
            equal(done.returncode, DONE)
            check(mentions(as_json(done), GONE), done.stdout)
        check(mentions(as_json(done), "quarantined"), done.stdout)
    with case("however it is written, it is the same address"):
        equal(w.mxctl("quarantine", "show", "Gone@FIVE.test").returncode, DONE)
    with case("adding it once more is no error, and it stays one entry"):
        check(w.mxctl("quarantine", "add", GONE).returncode in (DONE, NO), "usage or store")
        equal(w.redis.cmd("ZCARD", "mxpace:quarantine"), 1)
    with case("quarantine list shows a hundred of them"):
        for i in range(99):
            equal(w.mxctl("quarantine", "add", "u%d@many.test" % i).returncode, DONE)
        listed = w.mxctl("quarantine", "list").stdout
        missing = [i for i in range(99) if "u%d@many.test" % i not in listed]
        equal(missing, [])
    with case("quarantine remove: 0; the mail passes, and who released it can be read until it is forgotten"):
        equal(w.mxctl("quarantine", "remove", GONE).returncode, DONE)
        entry = w.redis.entry(GONE)
        equal((entry["status"], entry["released"]), ("released", entry["by"]))
        forgotten = int(entry["release"]) + int(entry["quiet"])
        equal(int(w.redis.cmd("ZSCORE", "mxpace:quarantine", GONE)), forgotten)
        equal(w.redis.cmd("EXPIRETIME", "mxpace:{q:%s}" % GONE), forgotten)
        shown = w.mxctl("quarantine", "show", GONE)
        equal(shown.returncode, NO)
        like(shown.stdout, "released")
        check(w.redis.events(type="removed", address=GONE), "no event")
        with w.node.connect() as p:
            equal(p.ask(GONE), "DUNNO")
    with case("quarantine remove of one that isn't there: 1"):
        equal(w.mxctl("quarantine", "remove", GONE).returncode, NO)
    with case("an address with odd characters goes in and out"):
        odd = "{a}%*[b]?@five.test"
        equal(w.mxctl("quarantine", "add", odd).returncode, DONE)
        like(w.mxctl("quarantine", "list").stdout, re.escape(odd))
        with w.node.connect() as p:
            like(p.ask(odd), "^550 5.1.1 ")
        equal(w.mxctl("quarantine", "remove", odd).returncode, DONE)
        equal(w.mxctl("quarantine", "show", odd).returncode, NO)
    with case("what is no address: usage, 2, and nothing is written"):
        keys = w.redis.keys("mxpace:{q:*")
        for wrong in ("", "a@", "@five.test", "a b@five.test", "a@five..test", "a\n@five.test"):
            equal(w.mxctl("quarantine", "add", wrong).returncode, USAGE, repr(wrong))
        equal(w.redis.keys("mxpace:{q:*"), keys)


def figures(w):
    with w.node.connect() as p:
        for _ in range(3):
            p.ask("u@shown.test")
        p.ask("u@five.test")
        p.ask("u@slots.test", instance=new_instance())
        with case("group list names the groups in use"):
            done = w.mxctl("group", "list")
            equal(done.returncode, DONE)
            like(done.stdout, r"(?m)^ *five\b")
            found = as_json(w.mxctl("--json", "group", "list"))
            check(mentions(found, '"five"') and mentions(found, '"slots"'), str(found))
        with case("group show has limit and use"):
            done = w.mxctl("group", "show", "shown")
            equal(done.returncode, DONE)
            like(done.stdout, r"messages +1h +3 +5\b")
            found = as_json(w.mxctl("--json", "group", "show", "shown"))
            check(mentions(found, "shown") and mentions(found, '"1h"'), str(found))
        with case("group show of a group with open slots has how many"):
            like(w.mxctl("group", "show", "slots").stdout, r"\b1\b.*\b2\b|1 of 2")
        with case("group show of an unknown group: 1"):
            equal(w.mxctl("group", "show", "nosuch").returncode, NO)
        with case("status names the node, in words and as JSON"):
            wait_for(lambda: "mta1" in w.mxctl("status").stdout, "the node's heartbeat")
            done = w.mxctl("--json", "status")
            equal(done.returncode, DONE)
            check(mentions(as_json(done), "mta1"), done.stdout)


def held_back(w):
    with w.node.connect() as p:
        with case("group pause: the group gets nothing, in the operator's words"):
            equal(w.mxctl("group", "pause", "many", "--why", "they call at 9").returncode, DONE)
            like(p.ask("u@many.test"), r"^DEFER_IF_PERMIT 4.7.1 mxpace: group many: paused by an operator: they call at 9$")
            like(p.ask("u@foo.test"), "^DUNNO$")
            check(w.redis.events(type="pause", group="many"), "no event")
        with case("group list and show say so, explain too"):
            like(w.mxctl("group", "list").stdout, "many from .*: paused: they call at 9")
            like(w.mxctl("group", "show", "many").stdout, "Paused +they call at 9")
            like(w.mxctl("explain", "u@many.test").stdout, r"defer \(paused\)")
        with case("group resume: it goes on"):
            equal(w.mxctl("group", "resume", "many").returncode, DONE)
            equal(p.ask("u@many.test"), "DUNNO")
            equal(w.mxctl("group", "resume", "many").returncode, NO)
        with case("backoff set: a rate, evenly"):
            done = w.mxctl("backoff", "set", "many", "--rate", "60", "--for", "30m", "--why", "slowly")
            equal(done.returncode, DONE, done.stderr)
            equal(p.ask("u@many.test"), "DUNNO")
            like(p.ask("u@many.test"), r"group many: backoff allows 60 messages an hour, next in (1m|[1-5]?\ds): slowly$")
        with case("backoff set --suspend: nothing"):
            equal(w.mxctl("backoff", "set", "many", "--suspend", "--for", "12m").returncode, DONE)
            like(p.ask("u@many.test"), r"group many: suspended by backoff for another (12m|11m\d+s)$")
            found = as_json(w.mxctl("--json", "backoff", "list"))["backoff"]
            equal([(row["group"], row["action"]) for row in found], [("many", "suspend")])
        with case("backoff clear: all as before"):
            equal(w.mxctl("backoff", "clear", "many").returncode, DONE)
            equal(as_json(w.mxctl("--json", "backoff", "list")), {"backoff": []})
            equal(p.ask("u@many.test"), "DUNNO")
            equal(w.mxctl("backoff", "clear", "many").returncode, NO)


def flush(w):
    os.environ["MAIL_CONFIG"] = w.postfix.config
    with case("group flush of domains that Postfix doesn't flush apart: 1, and says what helps"):
        done = w.mxctl("group", "flush", "many")
        equal(done.returncode, NO)
        like(done.stderr, r"(?s)many\.test.*fast_flush_domains.*--all")
    with case("group flush of those it does"):
        w.postfix.set("fast_flush_domains=many.test")
        w.postfix.command("postfix", "reload")
        done = w.mxctl("--json", "group", "flush", "many")
        equal(done.returncode, DONE, done.stderr)
        equal(as_json(done), {"flushed": [{"domain": "many.test"}]})
    with case("group flush --all"):
        equal(w.mxctl("group", "flush", "many", "--all").returncode, DONE)
    del os.environ["MAIL_CONFIG"]


def explain(w):
    rows = [
        ("a recipient that may be mailed", "u@five.test", r"\bfive\b", r"(?s)mx1\.five\.test"),
        ("a recipient of a site of its own", "u@foo.test", r"default/mx1\.foo\.test", r"mx1\.foo\.test"),
        ("a domain that doesn't exist", "u@gone.test", r"does not exist", r"5\.1\.2"),
        ("null MX", "u@nullmx.test", r"accepts no mail", r"5\.1\.10"),
        ("an implicit MX", "u@implicit.test", r"default/implicit\.test", r"implicit"),
        ("a local domain", "u@local.test", r"local", r"(?i)dunno|pass"),
        ("a quarantined recipient", "u1@many.test", r"quarantined since", r"5\.1\.1"),
    ]
    for label, address, *patterns in rows:
        with case("explain " + label):
            done = w.mxctl("explain", address)
            check(done.returncode in (DONE, NO), "exit %d: %s" % (done.returncode, done.stderr))
            for pattern in patterns:
                like(done.stdout, pattern)
            check(mentions(as_json(w.mxctl("--json", "explain", address)), address), "the JSON doesn't name it")
    with case("explain of what has no domain says so"):
        like(w.mxctl("explain", "many.test").stdout, r"(?m)^ *Domain +-\n +an address needs one: ann@example\.org$")
    with case("level of a word that is neither a level nor a sending IP names the levels"):
        done = w.mxctl("level", "turbo")
        equal(done.returncode, NO)
        like(done.stderr, r"turbo is neither a level \(slow, .*\) nor a sending IP")
    with case("explain with the null sender: it passes"):
        like(w.mxctl("explain", "u1@many.test", "--sender", "<>").stdout, r"(?i)dunno|pass")
    with case("explain takes nothing from the limit"):
        key = "mxpace:{g:five}:sent:%s:1h" % world.SENDING_IP
        before = w.redis.hash(key)["total"]
        for _ in range(5):
            w.mxctl("explain", "u@five.test")
        equal(w.redis.hash(key)["total"], before)
    with case("explain over the limit says so, as Postfix is told"):
        with w.node.connect() as p:
            wait_for(lambda: "limit 5/1h" in p.ask("u@five.test"), "the limit")
        like(w.mxctl("explain", "u@five.test").stdout, r"group five: limit 5/1h reached, next message in ")


def traffic(w):
    with w.node.connect() as p:
        p.ask("u@slots.test", instance=new_instance())
        with case("status: what goes on now, in words and as JSON"):
            rows = as_json(w.mxctl("--json", "status"))["traffic"]
            equal([(r["group"], r["sending_ip"], r["open"]) for r in rows if r["group"] == "slots"],
                  [("slots", world.SENDING_IP, {"used": 1, "limit": 2})])
            check("five" not in [r["group"] for r in rows], "an idle group is shown")
            like(w.mxctl("status").stdout, r"held back\n +GROUP .*\n(?:.*\n)*? +slots +1/2 ")
        with case("status --watch: a table each second, no escapes where there is no terminal"):
            done = w.mxctl("status", "--watch", "--for", "1500ms")
            equal(done.returncode, DONE)
            equal(len(re.findall(r"(?m)^\S+Z  nodes alive: 1 of 1$", done.stdout)), 2)
            equal(len(re.findall(r"(?m)^ +slots +1/2 ", done.stdout)), 2)
            check("\x1b" not in done.stdout, "an escape")
    with case("status shows a paused group with the reason"):
        w.redis.cmd("SET", "mxpace:{g:five}:pause", "they asked for it")
        like(w.mxctl("status").stdout, r"(?m)^ +(?:Held back +)?five: paused: they asked for it$")
        conf = w.write_conf(w.root + "/egress.conf", enforce="egress")
        done = w.mxctl("explain", "u@five.test", conf=conf)
        equal(done.returncode, NO)
        like(done.stdout, r"(?s)qmgr is told +OK mxp-\w+-1:\n.*Has to wait +\S+: paused: they asked for it\n")
        w.redis.cmd("DEL", "mxpace:{g:five}:pause")


def rules(w):
    lines = "550 5.1.1 <u@foo.test> User unknown\n552 5.2.2 Mailbox full\nZwiebelkuchen\n"
    with case("classify: one line in, one line out"):
        done = w.mxctl("classify", data=lines.encode())
        equal(done.returncode, DONE)
        found = done.stdout.splitlines()
        equal(len(found), 3)
        like(found[0], r"\bhard\b.*\buser_unknown\b")
        like(found[1], r"\bsoft\b.*\bmailbox_full\b")
        like(found[2], r"\bundefined\b|\bignored\b")
    with case("classify --json: one object for each line"):
        for args in (("--json", "classify"), ("classify", "--json")):
            found = [json.loads(line) for line in w.mxctl(*args, data=lines.encode()).stdout.splitlines()]
            equal([(f["type"], f["reason"]) for f in found[:2]], [("hard", "user_unknown"), ("soft", "mailbox_full")])
            equal(found[2]["type"], "ignored")
    with case("classify needs no Redis"):
        conf = w.write_conf(w.root + "/nowhere.conf", redis="redis://127.0.0.1:1/0")
        equal(w.mxctl("classify", conf=conf, data=b"550 5.1.1 no\n").returncode, DONE)
    with case("rules check: the shipped rules prove their samples"):
        done = w.mxctl("rules", "check", conf=world.TREE + "/conf/mxpace.conf")
        equal(done.returncode, DONE, done.stdout + done.stderr)
    with case("rules check: a rule whose sample doesn't match: 1, with file and line"):
        path = w.root + "/wrong-rules.conf"
        w.write_rules([{"name": "a", "mx": ["*.a.test"], "sample_mx": "mx.b.test"}, world.DEFAULT_RULE], path)
        done = w.mxctl("rules", "check", conf=w.write_conf(w.root + "/wrong.conf", mx_rules=path))
        equal(done.returncode, NO)
        like(done.stdout + done.stderr, re.escape(path) + r":\d+: .*sample_mx")
    with case("rules show names the rules"):
        done = w.mxctl("rules", "show")
        equal(done.returncode, DONE)
        like(done.stdout, r"(?s)\bfive\b.*\bdefault\b")
        as_json(w.mxctl("--json", "rules", "show"))


def exits(w):
    for args in ((), ("nosuch",), ("quarantine",), ("quarantine", "nosuch"), ("quarantine", "add"),
                 ("quarantine", "show"), ("group", "show"), ("explain",), ("--nosuch", "status"), ("status", "extra"),
                 ("rules", "nosuch")):
        with case("usage error, 2: mxctl %s" % " ".join(args)):
            done = w.mxctl(*args)
            equal(done.returncode, USAGE)
            like(done.stderr, r"(?i)usage|mxctl")
            equal(done.stdout, "")
    with case("a broken configuration is told with file and line"):
        path = w.root + "/broken.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write("colour = 1;\n")
        done = w.mxctl("status", conf=path)
        check(done.returncode in (NO, USAGE), "exit %d" % done.returncode)
        like(done.stderr, re.escape(path) + ":1: colour: ")
    w.redis.kill()
    for args in (("status",), ("quarantine", "list"), ("quarantine", "add", GONE), ("group", "list")):
        with case("Redis unreachable, 3: mxctl %s" % " ".join(args)):
            began = time.monotonic()
            done = w.mxctl(*args)
            equal(done.returncode, UNREACHABLE, done.stderr)
            like(done.stdout + done.stderr, "127.0.0.1:6379")
            check(time.monotonic() - began < 10, "it took too long")
    w.redis.start()


def run(w):
    w.node = w.policyd("a")
    quarantine(w)
    figures(w)
    held_back(w)
    flush(w)
    explain(w)
    traffic(w)
    rules(w)
    exits(w)


if __name__ == "__main__":
    five, plenty = {"limits": ["5/1h"]}, {"limits": ["1000/1h"]}
    tap.main(run, postfix=1, **world.providers(five=five, shown=five, slots={"connections": 2}, many=plenty, default=plenty))
