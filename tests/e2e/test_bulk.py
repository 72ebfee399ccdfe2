#!/usr/bin/python3
"""Many entries of the quarantine at once: import, export, list, undo, redo; none of it keeps Redis busy."""
import json
import signal
import subprocess
import time

import bulk
import tap
from policy import Policy
from process import wait_for
from tap import case, check, equal, like
from world import CONF, providers

COUNT = 4000
DATES = ("first", "last", "since")
OF_EACH = COUNT // len(bulk.PROVIDERS)


def ctl(w, *args, status=0):
    done = w.mxctl("quarantine", *args)
    equal(done.returncode, status, done.stdout[-500:] + done.stderr[-500:])
    return done.stdout


def entries(w, *args):
    """What export tells, by address."""
    return {e["address"]: e for e in map(json.loads, ctl(w, "export", "--format", "jsonl", *args).splitlines())}


def statistics(w, *args):
    return json.loads(w.mxctl("--json", "quarantine", "stats", *args).stdout)


def imports(w, path):
    with case("import of %d entries; once more changes nothing" % COUNT):
        like(ctl(w, "import", path), "^%d written, 0 " % COUNT)
        equal(w.redis.cmd("ZCARD", "mxpace:quarantine"), COUNT)
        before = w.redis.entry(bulk.address(7))
        like(ctl(w, "import", path), "^0 written, %d were there, 0 kept" % COUNT)
        equal(w.redis.entry(bulk.address(7)), before)
    with case("an imported entry has every field, and is refused"):
        wanted = {k: str(v) for k, v in bulk.entry(7, 0).items() if k not in ("address", "message", *DATES)}
        wanted["release"] = "0"
        equal({k: v for k, v in before.items() if k not in ("message", *DATES)}, wanted)
        with Policy(w.node.socket) as policy:
            like(policy.ask(bulk.address(7)), "^550 5.1.1 mxpace: ")
    with case("an entry that is newer in Redis is kept, --force or not"):
        later = str(int(time.time()) - 1)
        w.redis.cmd("HSET", "mxpace:{q:%s}" % bulk.address(3), "last", later, "text", "newer")
        like(ctl(w, "import", path), "^0 written, %d were there, 1 kept" % (COUNT - 1))
        equal(w.redis.entry(bulk.address(3))["text"], "newer")
        like(ctl(w, "import", "--force", path), "^1 written, ")
        check(w.redis.entry(bulk.address(3))["text"] != "newer", "it is still there")


def round_trip(w):
    with case("export as CSV and as JSON lines, import of either: every field is there again"):
        for suffix in ("csv", "jsonl"):
            before = entries(w)
            w.redis.cmd("HSET", "mxpace:{q:%s}" % bulk.address(1), "text", 'odd, "quoted"; =1 ü', "not:list:a b=c", "5",
                        "keep", "0", "errors:mailbox_full", "2")
            odd = w.redis.entry(bulk.address(1))
            name = w.root + "/all." + suffix
            like(ctl(w, "export", name), "%d entries written" % COUNT)
            w.redis.cmd("FLUSHALL", "ASYNC")
            like(ctl(w, "import", name), "^%d written" % COUNT)
            after = entries(w)
            equal(w.redis.entry(bulk.address(1)), odd)
            del before[bulk.address(1)], after[bulk.address(1)]
            equal(after, before)
    with case("import without a status: addresses alone, with defaults; every mistake has its line; exit 1"):
        done = w.mxctl("quarantine", "import", "--reason", "mailbox_full", "--release", "30d", "-",
                       data=b"new@five.test\nno address\n@\n# why\nnew2@five.test\n")
        equal(done.returncode, 1)
        like(done.stderr, r"(?s)\Astdin:2: \"no address\" is no address: .*\nstdin:3: ")
        like(done.stdout, "^2 written, 0 were there, 0 kept as they were, 0 over, 2 lines with mistakes")
        entry = w.redis.entry("new@five.test")
        equal((entry["reason"], int(entry["release"]) - int(entry["since"])), ("mailbox_full", 30 * bulk.DAY))
    with case("mistakes of CSV and JSON are told; --dry-run writes nothing"):
        for data, words in ((b"address,colour\na@x.test,red\n", 'stdin:1: column: "colour" is none of an entry'),
                            (b"address,status\na@x.test,gone\n", 'stdin:2: status: "gone" is none of counting, '),
                            (b"address,text\na@x.test,\"open\n", "stdin:2: a quote without its other"),
                            (b"address;text\na@x.test;b;c\n", "stdin:2: more values than columns"),
                            (b'{"address":"a@x.test","first":"soon"}\n', 'stdin:1: first: "soon" is no time'),
                            (b'{"address":"a@x.test"\n', "stdin:1: no JSON object"),
                            (b'{"address":"a@x.test","status":"held","reason":"refused"}\n', 'is no "held"')):
            done = w.mxctl("quarantine", "import", data=data)
            equal(done.returncode, 1, done.stdout)
            check(words in done.stderr, "%r has no %r" % (done.stderr, words))
        like(w.mxctl("quarantine", "import", "--dry-run", data=b"b@x.test\n").stdout, "1 entries, 0 lines .* nothing")
        equal(w.redis.entry("a@x.test"), {})
        equal(w.redis.entry("b@x.test"), {})
    w.mxctl("quarantine", "remove", "new@five.test", "new2@five.test")


def interrupted(w, path):
    with case("Ctrl-C ends an import between two entries; --resume does the rest"):
        w.redis.cmd("FLUSHALL", "ASYNC")
        task = subprocess.Popen([w.binary("mxctl"), "-c", CONF, "quarantine", "import", path],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: w.redis.cmd("ZCARD", "mxpace:quarantine") > 100, "the import to go on", every=0.001)
        task.send_signal(signal.SIGINT)
        said, complaints = task.communicate(timeout=20)
        done = w.redis.cmd("ZCARD", "mxpace:quarantine")
        equal((task.returncode, complaints), (1, ""), said)
        like(said, "Stopped behind line %d; go on with: mxctl quarantine import --resume" % done)
        check(100 < done < COUNT, "it stopped after %d" % done)
        like(ctl(w, "import", "--resume", path), "^%d written, 0 " % (COUNT - done))
        equal(w.redis.cmd("ZCARD", "mxpace:quarantine"), COUNT)
        like(w.mxctl("quarantine", "import", "--resume", path).stderr, "no import of .* has stopped")


def lists(w):
    with case("list --match, --limit, filters; stats"):
        listed = ctl(w, "list", "--match", "Anna.schneider11*@GMAIL.test")
        wanted = [n for n in range(0, COUNT, 4) if str(n).startswith("11")]
        equal(listed.count("@gmail.test"), len(wanted))
        equal(ctl(w, "list", "--group", "icloud", "--limit", "5").count("@icloud.test"), 5)
        equal(ctl(w, "list", "--text", "no such text"), "None.\n")
        document = json.loads(w.mxctl("--json", "quarantine", "list", "--rule", "user_*", "--campaign", "autumn-1").stdout)
        equal(len(document["quarantine"]), len(range(1, COUNT, 9)))
        figures = statistics(w)
        equal((figures["entries"], figures["status"]["quarantined"]), (COUNT, COUNT))
        equal(figures["reasons"], [{"reason": "user_unknown", "count": COUNT}])
        equal({d["domain"]: d["count"] for d in figures["domains"]}, {p[1]: OF_EACH for p in bulk.PROVIDERS})
        like(w.mxctl("quarantine", "list", "--text", "(").stderr, "--text: ")


def undo(w):
    apple = ("--group", "icloud", "--text", "user lookup success", "--since", "60d")
    before = entries(w)
    with case("undo asks for a filter; --dry-run shows counts and samples, and changes nothing"):
        like(w.mxctl("quarantine", "undo").stderr, "which\\?")
        said = ctl(w, "undo", "--dry-run", *apple)
        like(said, "(?s)^%d entries would be undone.*icloud.test +%d\n.*quarantined since" % (OF_EACH, OF_EACH))
        equal(entries(w), before)
        equal(w.redis.keys("mxpace:undo*"), [])
    with case("undo takes away just those, records it, and they are mailed"):
        like(ctl(w, "undo", *apple), "^%d entries undone" % OF_EACH)
        now = entries(w)
        gone = {a for a in before if a.endswith("@icloud.test")}
        equal({a for a in now if now[a]["status"] == "released"}, gone)
        equal({a: e for a, e in now.items() if a not in gone}, {a: e for a, e in before.items() if a not in gone})
        with Policy(w.node.socket) as policy:
            equal(policy.ask(bulk.address(7)), "DUNNO")
        recorded = json.loads(w.mxctl("--json", "quarantine", "undo", "--show").stdout)["undos"]
        equal([(u["count"], u["state"], u["filters"]) for u in recorded],
              [(OF_EACH, "done", "--text user lookup success --group icloud --since 60d")])
        name = recorded[0]["id"]
        equal(w.redis.events(type="undo")[0]["count"], str(OF_EACH))
        check(all(0 < w.redis.cmd("TTL", key) <= 30 * bulk.DAY for key in w.redis.keys("mxpace:undo:*")), "no end")
    with case("undo of nothing: 1"):
        like(ctl(w, "undo", *apple, status=1), "^Nothing to undo")
    with case("redo puts them back as they were, but for one with a newer error and one delivered to"):
        changed, delivered = bulk.address(7), bulk.address(11)
        equal(w.mxctl("quarantine", "add", changed, "--reason", "mailbox_full").returncode, 0)
        w.redis.cmd("HSET", "mxpace:{q:%s}" % delivered, "delivered", int(time.time()) + 5)
        like(ctl(w, "redo", name), "^%d entries are there again, 2 changed since" % (OF_EACH - 2))
        now = entries(w)
        equal(now[changed]["reason"], "mailbox_full")
        equal(now[delivered]["status"], "released")
        equal({a: e for a, e in now.items() if a not in (changed, delivered)},
              {a: e for a, e in before.items() if a not in (changed, delivered)})
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", bulk.address(15)), "inf")
        like(ctl(w, "redo", name), "^%d entries are there again" % (OF_EACH - 2))
        like(w.mxctl("quarantine", "redo", "20200101-000000-abcd").stderr, "no undo")
    with case("a count is undone as well, and comes back"):
        w.redis.cmd("HSET", "mxpace:{q:c@count.test}", "status", "counting", "type", "soft", "reason", "mailbox_full",
                    "errors", 1, "errors:mailbox_full", 1, "first", int(time.time()), "last", int(time.time()), "quiet",
                    864000, "text", "full")
        w.redis.cmd("ZADD", "mxpace:quarantine", int(time.time()) + 864000, "c@count.test")
        was = w.redis.entry("c@count.test")
        said = ctl(w, "undo", "--domain", "Count.TEST", "--status", "counting,held")
        equal(w.redis.entry("c@count.test").get("status"), None)
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", "c@count.test"), None)
        ctl(w, "redo", like(said, "quarantine redo (\\S+)").group(1))
        equal(w.redis.entry("c@count.test"), was)
        check(w.redis.cmd("TTL", "mxpace:{q:c@count.test}") > 860000, "it never ends")
        w.redis.cmd("DEL", "mxpace:{q:c@count.test}")
        w.redis.cmd("ZREM", "mxpace:quarantine", "c@count.test")


def run(w):
    w.node = w.policyd("a")
    path = w.root + "/many.jsonl"
    bulk.write(path, COUNT)
    slow = bulk.Slow(w.redis)
    imports(w, path)
    lists(w)
    undo(w)
    round_trip(w)
    interrupted(w, path)
    with case("an index of which all has expired is pruned in parts"):
        w.redis.cmd("FLUSHALL", "ASYNC")
        for first in range(0, 20000, 1000):
            w.redis.cmd("ZADD", "mxpace:quarantine", *[x for n in range(first, first + 1000) for x in (1, "u%d@x.test" % n)])
        ctl(w, "list")
        equal(w.redis.cmd("ZCARD", "mxpace:quarantine") in range(15000, 19001), True)
    with case("no command of all that was slow each time"):
        def again(keys):
            bulk.write_these(path, bulk.numbers_of(keys))
            ctl(w, "import", "--force", path)
        slow.judge(again)


if __name__ == "__main__":
    tap.main(run, **providers(icloud={"limits": ["1000/1h"]}))
