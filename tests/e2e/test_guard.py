#!/usr/bin/python3
"""The outage guard with mxbounce itself: two outages of the public record trip it before 50 good addresses are lost, an
ordinary campaign and a bad list do not; an operator confirms or dismisses."""
import concurrent.futures
import time

import tap
from ndr import notice
from process import wait_for
from tap import case, check, equal, like

ICLOUD = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}>: Recipient address rejected: user lookup success but no "
                                      "user record found"}
LIBERO = {"status": "5.0.0", "reply": "550 <{recipient}> recipient rejected"}
LIBERO_CODE = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}> recipient rejected"}
DOMAINS = ("libero.it", "virgilio.it", "inwind.it", "iol.it", "blu.it")
LIMIT = 50
WORKERS = 8


def bring(w, notices, per_s=200):
    """Returned messages to mxbounce, so many a second if the host can. valgrind looks at each tenth: it takes seconds."""
    started = time.monotonic()

    def one(item):
        number, text = item
        time.sleep(max(0, started + number / per_s - time.monotonic()))
        return w.mxbounce(text, wrapped=number % 10 == 0).returncode

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        equal(set(pool.map(one, enumerate(notices))), {0})


def statuses(w, pattern):
    found = {}
    for key in w.redis.keys("mxpace:{q:%s}" % pattern):
        status = w.redis.hash(key).get("status", "none")
        found[status] = found.get(status, 0) + 1
    return found


def in_group(w, group, *domains):
    for domain in domains:
        w.redis.cmd("SET", "mxpace:group:" + domain, group)


def guard(w, *args):
    return w.mxctl("quarantine", "guard", *args)


def usual(w):
    providers = (("google", "gmail.com"), ("microsoft", "outlook.com"), ("yahoo", "yahoo.com"), ("gmx", "gmx.net"))
    for group, domain in providers:
        in_group(w, group, domain)
    with case("a bad list through several providers, and a campaign with a few dead addresses: no guard"):
        bring(w, [notice("gone%d@%s" % (i, providers[i * 7 % 4][1]), mx="mx1." + providers[i * 7 % 4][1])
                  for i in range(240)])
        equal(statuses(w, "gone*"), {"quarantined": 240})
        equal(w.redis.hash("mxpace:guards"), {})


def icloud(w):
    in_group(w, "icloud", "icloud.com", "me.com")
    with case("one provider knows nobody any more: held before 50 are quarantined"):
        bring(w, [notice("good%d@%s" % (i, ("icloud.com", "me.com")[i % 2]), ICLOUD, mx="mx01.mail.icloud.com")
                  for i in range(160)])
        found = statuses(w, "good*")
        print("# icloud: %r" % found)
        check(found.get("quarantined", 0) < LIMIT, repr(found))
        equal(sum(found.values()), 160)
        equal(set(found), {"quarantined", "held"})
        equal(list(w.redis.hash("mxpace:guards")), ["icloud user_unknown"])
    with case("an event says so, once"):
        events = w.redis.events(type="guard")
        equal([(e["what"], e["group"], e["reason"]) for e in events], [("tripped", "icloud", "user_unknown")])
        like(events[0]["text"], "no user record found")
    with case("other groups are quarantined on"):
        equal(w.mxbounce(notice("other@gmail.com", mx="mx1.gmail.com")).returncode, 0)
        equal(w.redis.entry("other@gmail.com")["status"], "quarantined")
    with case("list and status show it"):
        for out in (guard(w, "list").stdout, w.mxctl("status").stdout):
            like(out, r"icloud +user_unknown +holds")
        equal(guard(w, "show", "icloud", "user_unknown").returncode, 0)
    with case("dismiss --undo: all of them are as if nothing had been"):
        done = guard(w, "dismiss", "icloud", "user_unknown", "--undo")
        equal(done.returncode, 0, done.stderr)
        equal(statuses(w, "good*").get("quarantined", 0), 0)
        equal(statuses(w, "good*").get("held", 0), 0)
        equal(w.redis.hash("mxpace:guards"), {})
        equal([e["what"] for e in w.redis.events(type="guard")], ["tripped", "dismissed"])
        equal(guard(w, "dismiss", "icloud", "user_unknown").returncode, 1)
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", "good1@me.com"), None)


def libero(w):
    in_group(w, "libero", *DOMAINS)
    with case("five domains of one provider reject everybody, without a code that says why: soft errors, and a guard"):
        bring(w, [notice("user%d@%s" % (i, DOMAINS[i % 5]), LIBERO, mx="smtp-in.libero.it") for i in range(100)])
        equal(statuses(w, "user*"), {"counting": 100})
        equal(list(w.redis.hash("mxpace:guards")), ["libero user_unknown"])
    with case("dismiss takes off what was counted since; before it nobody was quarantined"):
        equal(guard(w, "dismiss", "libero", "user_unknown").returncode, 0)
        check(statuses(w, "user*").get("counting", 0) < LIMIT, repr(statuses(w, "user*")))
        equal(w.redis.hash("mxpace:guards"), {})
    with case("the same with a code that says so: held before 50 are quarantined"):
        bring(w, [notice("known%d@%s" % (i, DOMAINS[i % 5]), LIBERO_CODE, mx="smtp-in.libero.it") for i in range(160)])
        found = statuses(w, "known*")
        print("# libero: %r" % found)
        check(found.get("quarantined", 0) < LIMIT, repr(found))
        equal(sum(found.values()), 160)
        equal(list(w.redis.hash("mxpace:guards")), ["libero user_unknown"])
    with case("confirm: the held are quarantined, and the next at once"):
        equal(guard(w, "confirm", "libero", "user_unknown").returncode, 0)
        equal(statuses(w, "known*"), {"quarantined": 160})
        equal(w.redis.hash("mxpace:guards"), {})
        bring(w, [notice("more%d@libero.it" % i, LIBERO_CODE, mx="smtp-in.libero.it") for i in range(60)])
        equal(statuses(w, "more*"), {"quarantined": 60})
        equal(w.redis.hash("mxpace:guards"), {})


def undo_the_rest(w, group, text, names, count):
    """What was quarantined before the guard held, and that alone, is mailed again. names: a glob of all addresses that had
    the answer, count of them in quarantine."""
    others = {key: w.redis.hash(key) for key in w.redis.keys("mxpace:{q:*}")
              if key not in set(w.redis.keys("mxpace:{q:%s}" % names))}
    which = ("--group", group, "--text", text, "--since", "1h")
    like(w.mxctl("quarantine", "undo", *which, "--dry-run").stdout, "^%d entries would be undone" % count)
    equal(statuses(w, names), {"quarantined": count})
    said = w.mxctl("quarantine", "undo", *which).stdout
    like(said, "^%d entries undone" % count)
    equal(statuses(w, names), {"released": count})
    equal({key: w.redis.hash(key) for key in others}, others)
    return like(said, r"quarantine redo (\S+)").group(1)


def undone(w):
    dead = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}> User unknown"}
    for group, domain, answer, text in (("apple", "mac.com", ICLOUD, "user lookup success but no user record found"),
                                        ("italia", "tin.it", LIBERO_CODE, "recipient rejected")):
        in_group(w, group, domain)
        with case("%s: after the outage undo brings back exactly those that were lost before the guard held" % group):
            equal(w.mxbounce(notice("dead@" + domain, dead, mx="mx." + domain)).returncode, 0)
            bring(w, [notice("lost%d@%s" % (i, domain), answer, mx="mx." + domain) for i in range(160)])
            found = statuses(w, "lost*@" + domain)
            check(0 < found.get("quarantined", 0) < LIMIT, repr(found))
            equal(sum(found.values()), 160)
            equal(guard(w, "dismiss", group, "user_unknown").returncode, 0)
            for key in w.redis.keys("mxpace:{q:lost*@%s}" % domain):  # what stays of the held is no entry
                check(w.redis.hash(key).get("status") in ("quarantined", None), key)
                if "status" not in w.redis.hash(key):
                    w.redis.cmd("DEL", key)
            name = undo_the_rest(w, group, text, "lost*@" + domain, found["quarantined"])
            equal(w.redis.entry("dead@" + domain)["status"], "quarantined")
        with case("%s: redo takes that back" % group):
            like(w.mxctl("quarantine", "redo", name).stdout, "^%d entries are there again" % found["quarantined"])
            equal(statuses(w, "lost*@" + domain), {"quarantined": found["quarantined"]})


def unseen(w):
    with case("a provider that mxpolicyd never saw: by the host that refused"):
        bring(w, [notice("new%d@%s" % (i, ("a.test", "b.test", "c.test")[i % 3]), ICLOUD, mx="mx%d.new.test" % (i % 4))
                  for i in range(120)])
        found = statuses(w, "new*")
        print("# unseen: %r" % found)
        check(found.get("quarantined", 0) < LIMIT, repr(found))
        equal(list(w.redis.hash("mxpace:guards")), ["mta:new.test user_unknown"])


def admission(w):
    with w.policyd("a") as node, node.connect() as policy:
        with case("mxpolicyd tells the group of a domain and how many recipients it let through"):
            for i in range(30):
                equal(policy.ask("u%d@foo.test" % i), "DUNNO")
            group = w.redis.cmd("GET", "mxpace:group:foo.test")
            check(group, "no group")
            key = "mxpace:{g:%s}:answers" % group
            wait_for(lambda: sum(int(n) for field, n in w.redis.hash(key).items() if field.startswith("tried:")) == 30,
                     "30 recipients to be told")


def run(w):
    usual(w)
    icloud(w)
    libero(w)
    undone(w)
    unseen(w)
    admission(w)


if __name__ == "__main__":
    tap.main(run)
