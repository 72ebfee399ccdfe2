#!/usr/bin/python3
"""Accounts: two nodes on one Redis. One whose mail comes back is refused on both within a second, at RCPT and at
delivery, until it is resumed; a small sender never is; complaints keep one recipient from one account."""
import json
import os
import time

import tap
import world
from map_client import MapClient
from ndr import notice
from policy import new_instance
from process import PATIENCE, wait_for
from tap import case, check, equal, like
from world import RETURN_PATH

ACCOUNT = RETURN_PATH.partition("@")[2]
SMALL, COMPLAINED = "small.example.com", "loud.example.com"
UNKNOWN = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}> User unknown"}
AT_ONCE_S = 1.0 * PATIENCE
FEEDBACK = "fbl@bounces.example.com"


COMPLAINT = """\
Received: from mx.provider.test (mx.provider.test [127.0.1.9])
\tby mta1.shop.test (Postfix) with ESMTP id 4ZxY2; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)
From: fbl@provider.test
Message-ID: <{recipient}.fbl@provider.test>
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=f

--f
Content-Type: text/plain

This is an email abuse report.
--f
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: ProviderFBL/1.0
Version: 1
Original-Mail-From: <{sender}>
Original-Rcpt-To: <{recipient}>
--f
Content-Type: message/rfc822

From: News <{sender}>
To: undisclosed-recipients:;
Subject: news

news
--f--
"""


def complaint(recipient, sender):
    return COMPLAINT.format(recipient=recipient, sender=sender).encode()


def map_path(w, name):
    return os.path.dirname(w.socket_path(name)) + "/map"


def send(policy, sender, count, domain="foo.test", **attributes):
    """So many messages of one recipient each."""
    for i in range(count):
        instance = new_instance()
        equal(policy.ask("u%d@%s" % (i, domain), instance, sender=sender, **attributes), "DUNNO")
        equal(policy.end_of_message(instance, sender=sender, **attributes), "DUNNO")


def figures(w, account):
    """(sent, hard) in the last 24 hours, and the state."""
    told = json.loads(w.mxctl("--json", "account", "show", account).stdout)
    return told["last_24h"]["sent"], told["last_24h"]["hard"], told["state"]


def bounce(w, sender, count, name="gone"):
    for i in range(count):
        equal(w.mxbounce(notice("%s%d@foo.test" % (name, i), UNKNOWN, to=sender), recipient=sender).returncode, 0)


def refusal(policy, sender):
    answer = policy.ask("u@foo.test", sender=sender)
    return None if answer == "DUNNO" else answer


def soon(policies, sender, refused):
    """Seconds until all nodes refuse it, or none does."""
    began = time.monotonic()
    wait_for(lambda: all((refusal(p, sender) is not None) == refused for p in policies),
             "%s to be %s" % (sender, "refused" if refused else "let pass"), every=0.01)
    return time.monotonic() - began


def thresholds(w, a, b):
    with case("what both nodes send is counted, once a message, by recipients"):
        send(a, RETURN_PATH, 100)
        send(b, RETURN_PATH, 100)
        instance = new_instance()
        for i in range(3):
            equal(b.ask("v%d@twin.test" % i, instance, sender=RETURN_PATH), "DUNNO")
        equal(b.end_of_message(instance, sender=RETURN_PATH), "DUNNO")
        equal(b.end_of_message(instance, sender=RETURN_PATH), "DUNNO")
        wait_for(lambda: figures(w, ACCOUNT)[0] == 203, "203 recipients to be counted")
    with case("incoming mail and notices count for nobody"):
        instance = new_instance()
        a.ask("joe@local.test", instance, sender="x@stranger.test")
        a.end_of_message(instance, sender="x@stranger.test")
        instance = new_instance()
        a.ask("u@foo.test", instance, sender="")
        a.end_of_message(instance, sender="")
        time.sleep(0.5)
        equal(w.redis.cmd("ZRANGE", "mxpace:accounts", 0, -1), [ACCOUNT])
    with case("hard bounces: review at 5 %, and mail still passes"):
        bounce(w, RETURN_PATH, 11)
        equal(figures(w, ACCOUNT), (203, 11, "review"))
        equal(refusal(a, RETURN_PATH), None)
    with case("suspended at 10 %: refused on both nodes within a second"):
        bounce(w, RETURN_PATH, 9, "more")
        equal(figures(w, ACCOUNT)[2], "review")
        bounce(w, RETURN_PATH, 1, "last")
        took = soon((a, b), RETURN_PATH, True)
        check(took < AT_ONCE_S, "after %.2f s" % took)
        like(refusal(b, RETURN_PATH), r"^550 5\.7\.1 mxpace: account bounces\.example\.com is suspended since "
             r"\d{4}-.*: hard bounces \(21 of 203 sent in 24h, 10\.3 %\); stop mailing .* resume it$")
    with case("one event a change"):
        events = w.redis.events(type="account", account=ACCOUNT)
        equal([(e["before"], e["state"]) for e in events], [("ok", "review"), ("review", "suspended")])
    with case("other accounts go on"):
        equal(refusal(a, "ann@other.example.com"), None)
    with case("mail that was taken before is returned at delivery, on both nodes"):
        for name in "ab":
            with MapClient(map_path(w, name)) as client:
                like(client.transport(RETURN_PATH, "u@foo.test"), "^OK error:5.7.1 mxpace: account .* is suspended")
                like(client.transport("ann@other.example.com", "u@foo.test"), "^OK mxp-")
    with case("explain says so"):
        done = w.mxctl("explain", "u@foo.test", "--sender", RETURN_PATH)
        equal(done.returncode, 1)
        like(done.stdout, r"account_suspended")
        like(done.stdout, r"Account +bounces\.example\.com")
    with case("our own refusals that come back count for nobody"):
        own = {"status": "5.7.1", "reply": "mxpace: account bounces.example.com is suspended since 2026-11-22"}
        equal(w.mxbounce(notice("own@foo.test", own)).returncode, 0)
        equal(figures(w, ACCOUNT)[1], 21)


def redis_away(w, a, b):
    with case("while Redis is away, what is known stays"):
        w.redis.pause()
        try:
            for policy in (a, b):
                like(refusal(policy, RETURN_PATH), "is suspended")
        finally:
            w.redis.resume()
        wait_for(lambda: w.mxctl("status").returncode == 0, "Redis to be back")


def resumed(w, a, b):
    with case("resume: taken again on both within a second, on probation"):
        done = w.mxctl("--json", "account", "resume", ACCOUNT, "--why", "list cleaned")
        equal(json.loads(done.stdout)["state"], "probation")
        took = soon((a, b), RETURN_PATH, False)
        check(took < AT_ONCE_S, "after %.2f s" % took)
    with case("late bounces of before do not suspend it again"):
        bounce(w, RETURN_PATH, 5, "late")
        equal(figures(w, ACCOUNT)[2], "probation")
    with case("what a day on probation allows is used up, then it waits"):
        send(a, RETURN_PATH, 30)
        took = soon((a, b), RETURN_PATH, True)
        like(refusal(b, RETURN_PATH), r"^DEFER_IF_PERMIT 4\.7\.1 mxpace: account bounces\.example\.com is on probation: "
             r"its 30 recipients of today are used up, more from \d{4}-\d\d-\d\dT00:00:00Z on$")
    with case("resume --fully: no probation"):
        equal(w.mxctl("account", "resume", ACCOUNT, "--fully").returncode, 0)
        soon((a, b), RETURN_PATH, False)
        equal(figures(w, ACCOUNT)[2], "ok")
    with case("an operator suspends, and exempts"):
        equal(w.mxctl("account", "suspend", ACCOUNT, "--why", "phished").returncode, 0)
        soon((a, b), RETURN_PATH, True)
        like(refusal(a, RETURN_PATH), "suspended since .*: phished; ")
        equal(w.mxctl("account", "exempt", ACCOUNT).returncode, 0)
        soon((a, b), RETURN_PATH, False)
        equal(w.mxctl("account", "exempt", ACCOUNT, "--off").returncode, 0)


def small(w, a, b):
    sender = "news@" + SMALL
    with case("with 50 messages sent it is not suspended, whatever comes back"):
        send(a, sender, 25)
        send(b, sender, 25)
        wait_for(lambda: figures(w, SMALL)[0] == 50, "50 to be counted")
        bounce(w, sender, 50, "small")
        equal(figures(w, SMALL), (50, 50, "ok"))
        equal((refusal(a, sender), refusal(b, sender)), (None, None))


def logged_in(w, a, b):
    sender = "boss@mail.example.com"
    with case("who logs in is the account; what comes back finds it by the sender"):
        send(a, sender, 3, sasl_username="ann")
        wait_for(lambda: figures(w, "ann")[0] == 3, "3 to be counted")
        wait_for(lambda: w.redis.hash("mxpace:{a:mail.example.com}:users"), "the login to be known")
        bounce(w, sender, 2, "sasl")
        equal(figures(w, "ann")[1], 2)
    with case("several that use one sender: nobody is blamed for the other"):
        send(b, sender, 1, sasl_username="bob")
        wait_for(lambda: len(w.redis.hash("mxpace:{a:mail.example.com}:users")) == 2, "both to be known")
        bounce(w, sender, 1, "both")
        equal(figures(w, "ann")[1], 2)
        equal(figures(w, "mail.example.com")[1], 1)


def complaints(w, a, b):
    sender = "news@" + COMPLAINED
    with case("a complaint keeps its recipient from that account, on both nodes, at RCPT and delivery"):
        send(a, sender, 1)
        equal(w.mxbounce(complaint("angry@foo.test", sender), recipient=FEEDBACK).returncode, 0)
        for policy in (a, b):
            like(policy.ask("angry@foo.test", sender=sender), r"^550 5\.7\.1 mxpace: angry@foo\.test complained about ")
            equal(policy.ask("calm@foo.test", sender=sender), "DUNNO")
            equal(policy.ask("angry@foo.test", sender="ann@other.example.com"), "DUNNO")
        with MapClient(map_path(w, "b")) as client:
            like(client.transport(sender, "angry@foo.test"), "^OK error:5.7.1 mxpace: angry@foo.test complained")
    with case("it counts once, however often it comes"):
        equal(w.mxbounce(complaint("angry@foo.test", sender), recipient=FEEDBACK).returncode, 0)
        told = json.loads(w.mxctl("--json", "account", "show", COMPLAINED).stdout)
        equal(told["last_24h"]["complaints"], 1)
    with case("one that comes to another address counts for nobody"):
        equal(w.mxbounce(complaint("other@foo.test", sender), recipient=RETURN_PATH).returncode, 0)
        equal(a.ask("other@foo.test", sender=sender), "DUNNO")


def listed(w):
    with case("account list, a table and JSON; campaigns likewise"):
        done = w.mxctl("account", "list")
        equal(done.returncode, 0)
        like(done.stdout, r"(?m)^ *small\.example\.com +ok +50 +- +50 +100\.0 % ")
        rows = json.loads(w.mxctl("--json", "account", "list", "--match", "small*").stdout)["accounts"]
        equal([(r["name"], r["state"], r["sent"], r["hard"]) for r in rows], [(SMALL, "ok", 50, 50)])
        equal(w.mxctl("campaign", "list").returncode, 0)
        rows = json.loads(w.mxctl("--json", "campaign", "list", "--lists").stdout)["lists"]
        equal([r["name"] for r in rows], ["weekly.shop.test"])


def run(w):
    options = {"reputation": {"probation_start": 30}, "feedback_addresses": [FEEDBACK], "enforce": "egress"}
    node_a = w.policyd("a", map_listen="unix:" + map_path(w, "a"), **options)
    node_b = w.policyd("b", map_listen="unix:" + map_path(w, "b"), **options)
    with node_a.connect() as a, node_b.connect() as b:
        thresholds(w, a, b)
        small(w, a, b)
        logged_in(w, a, b)
        complaints(w, a, b)
        listed(w)
        redis_away(w, a, b)
        resumed(w, a, b)


if __name__ == "__main__":
    tap.main(run, **world.providers())
