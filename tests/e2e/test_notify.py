#!/usr/bin/python3
"""Mail about events: a real sendmail and Postfix bring each event once, whatever number of followers runs; a flood ends in
a digest; foreign names stay harmless; what Postfix cannot take now goes later."""
import email
import email.policy
import os
import signal
import stat
import time

import tap
import world
from process import Process, wait_for
from tap import case, check, equal, like

POSTMASTER, OWNER = "postmaster@foo.test", "owner@foo-hosted.test"
CONF = world.CONF_FOLDER + "/notify.conf"
SUSPENDED = ("account", "state", "suspended", "before", "review", "sent", 400, "hard", 50, "why", "hard bounces",
             "by", "thresholds")


def settings(w, **mail):
    defaults = {"postmaster": POSTMASTER, "events": ["suspended", "review", "guard"], "from": "mxpace@shop.test",
                "timeout": "3s", "digest_after": "1s"}
    w.write_conf(CONF, mail={**defaults, **mail})


def add(w, *fields):
    return w.redis.cmd("XADD", "mxpace:events", "*", "type", *fields)


def account(w, name, state="suspended"):
    return add(w, "account", "account", name, "state", state, *SUSPENDED[3:])


def once(w):
    return w.mxctl("notify", "--once", conf=CONF)


def fresh(w):
    w.redis.cmd("FLUSHALL")


class Follower:
    """mxctl notify as its service runs it."""

    def __init__(self, w, number):
        self.process = Process("notify %d" % number, [w.binary("mxctl"), "-c", CONF, "notify"],
                               "%s/notify-%d.log" % (w.logs, number), user="mxpace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()


def kept(w):
    """Where Postfix puts mail to the two of them: a real local delivery, one file a mail."""
    folder = w.root + "/inbox"
    os.makedirs(folder + "/new", exist_ok=True)
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o777)
    return folder


def inbox(w, to=None):
    mails = []
    for name in sorted(os.listdir(w.root + "/inbox/new")):
        with open("%s/inbox/new/%s" % (w.root, name), "rb") as f:
            mails.append(email.message_from_binary_file(f, policy=email.policy.default))
    return [m for m in mails if to in (None, m["X-Original-To"], m["To"])]


def empty_inbox(w):
    for name in os.listdir(w.root + "/inbox/new"):
        os.unlink(w.root + "/inbox/new/" + name)


def wait_mails(w, count, to=None):
    wait_for(lambda: len(inbox(w, to)) >= count, "%d mails" % count, every=0.02)
    wait_for(lambda: not w.postfix.queue_ids(), "an empty queue", every=0.05)
    equal(len(inbox(w, to)), count)
    return inbox(w, to)


def off(w):
    with case("off by default: nobody is written to, and it says which key would"):
        account(w, "shop.test")
        done = w.mxctl("notify", "--once")
        equal(done.returncode, 1)
        like(done.stderr, "mail.events names no event")
    with case("events without anybody to write to are a mistake of the file, with its line"):
        w.write_conf(CONF, mail={"events": ["guard"]})
        done = once(w)
        equal(done.returncode, 1)
        like(done.stderr, r"notify\.conf:\d+: mail\.events: nobody to write to")
        settings(w, postmaster="a@b.test\r\nBcc: c@d.test")
        equal(once(w).returncode, 1)
        settings(w, events=["suspendet"])
        like(once(w).stderr, r'notify\.conf:\d+: mail\.events: "suspendet" is none of')


def one_of_each(w):
    fresh(w)
    settings(w, owners=[{"account": "shop*", "mail": OWNER}])
    with case("a suspension, a review and a guard, with two followers: each arrives once"):
        with Follower(w, 1), Follower(w, 2):
            account(w, "shop.test")
            account(w, "other.test", "review")
            add(w, "guard", "what", "tripped", "group", "icloud", "reason", "user_unknown", "rate",
                "40 errors in 10 min", "text", "550 5.1.1 no user record found", "node", "mta7")
            add(w, "quarantined", "address", "x@y.test")
            wait_mails(w, 3, POSTMASTER)
            wait_mails(w, 1, OWNER)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 0)
    mails = {m["Subject"]: m for m in inbox(w, POSTMASTER)}
    with case("they say what happened, the figures, and what to do"):
        equal(sorted(mails), ["Account other.test is near suspension", "Account shop.test is suspended",
                              "icloud answers user_unknown far more often than usual"])
        text = mails["Account shop.test is suspended"].get_content()
        like(text, r"Why: hard bounces\n")
        like(text, r"hard bounces +50  \(12\.5 %\)")
        like(text, r"\n  mxctl account resume shop\.test\n")
        text = mails["icloud answers user_unknown far more often than usual"].get_content()
        like(text, r"\n  mxctl quarantine guard dismiss icloud user_unknown --undo\n")
        like(text, r"mxpace on mta7, \d{4}-\d\d-\d\dT")
    with case("the owner of the account is told in words of his own"):
        like(inbox(w, OWNER)[0]["Subject"], "Your mail is stopped")
    with case("no machine answers to them: null sender, Auto-Submitted, From as configured"):
        for mail in inbox(w):
            equal(mail["Return-Path"], "<>")
            equal(mail["Auto-Submitted"], "auto-generated")
            equal(mail["From"], "mxpace@shop.test")
    with case("what was mailed is not mailed again by another run"):
        equal(once(w).returncode, 0)
        wait_for(lambda: not w.postfix.queue_ids(), "an empty queue")
        equal(len(inbox(w)), 4)
    empty_inbox(w)


def real(w):
    fresh(w)
    settings(w, events=["suspended", "resumed"])
    with case("an operator's suspension, from mxctl to the inbox"):
        equal(once(w).returncode, 0)
        equal(w.mxctl("account", "suspend", "real.test", "--why", "phished").returncode, 0)
        equal(w.mxctl("account", "resume", "real.test").returncode, 0)
        done = once(w)
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, "mailed to %s: Account real.test is suspended" % POSTMASTER)
        mails = wait_mails(w, 2)
        equal({m["Subject"] for m in mails}, {"Account real.test is suspended", "Account real.test may send again"})
        like(mails[0].get_content() + mails[1].get_content(), "Why: phished")
    empty_inbox(w)


def waiting(w):
    """How many events wait for the next digest."""
    return w.redis.cmd("ZCARD", "mxpace:{m:%s}:more" % POSTMASTER)


def flood(w):
    fresh(w)
    settings(w, per_hour=5)
    with case("1000 events in a row: at most so many mails, the last a digest of all others"):
        equal(once(w).returncode, 0)
        for i in range(1000):
            account(w, "flood%d.test" % i)
        with Follower(w, 3), Follower(w, 4):
            wait_mails(w, 5)
            digest = [m for m in inbox(w) if "further" in m["Subject"]]
            equal(len(digest), 1)
            told = int(like(digest[0]["Subject"], r"^(\d+) further events of mxpace$").group(1))
            # On a slow host the first of them are due before the last came.
            wait_for(lambda: told + waiting(w) == 996, "all others to be told of or to wait")
        like(digest[0].get_content(), r"suspended: account=flood\d+\.test")
        like(digest[0].get_content(), r"\.\.\. and %d more" % (told - 50))
    with case("and nothing more before the hour is over"):
        account(w, "late.test")
        equal(once(w).returncode, 0)
        equal(told + waiting(w), 997)
        equal(len(inbox(w)), 5)
    empty_inbox(w)


HOSTILE = ("x\r\nBcc: evil@foo.test\r\n\r\nbody", "'; touch /tmp/owned; '", "$(touch /tmp/owned)", "-oQ/tmp",
           "{account}{{", "\u202egnp.exe \u00fc\u00df\u4e2d", "\x1b[2J\x00", "a" * 5000, "=?UTF-8?Q?x?=", ".\n.\n")


def hostile(w):
    fresh(w)
    settings(w, per_hour=50, to_account=True)
    with case("foreign names: one mail each, to nobody else, nothing run, no header made"):
        for name in HOSTILE:
            account(w, name)
        done = once(w)
        equal(done.returncode, 0, done.stderr)
        mails = wait_mails(w, len(HOSTILE))
        for mail in mails:
            equal(mail.keys().count("To"), 1)
            equal(mail["Bcc"], None)
            equal(mail["To"], POSTMASTER)
            like(mail["Subject"], "^Account ")
            check(len(str(mail["Subject"])) < 250, "the subject is long")
            check("\x1b" not in mail.get_content() and "\u202e" not in mail.get_content(), "a control character")
        check(not os.path.exists("/tmp/owned"), "something was run")
        check(any("\u00fc\u00df\u4e2d" in str(m["Subject"]) for m in mails), "UTF-8 did not survive")
    empty_inbox(w)


def later(w):
    fresh(w)
    fake = w.root + "/sendmail"

    def behave(script):
        with open(fake + ".new", "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n%s\n" % script)
        os.chmod(fake + ".new", stat.S_IRWXU | 0o055)
        os.rename(fake + ".new", fake)

    settings(w, sendmail=fake, timeout="1s")
    with case("75: the event stays, and is mailed once that is over"):
        behave("cat >/dev/null; exit 75")
        once(w)
        account(w, "later.test")
        done = once(w)
        equal(done.returncode, 3)
        like(done.stderr, "not mailed yet to %s: .*status 75" % POSTMASTER)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 1)
        behave("exec /usr/sbin/sendmail \"$@\"")
        with Follower(w, 5):
            wait_mails(w, 1)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 0)
    empty_inbox(w)
    with case("another status: said, and not tried again"):
        behave("cat >/dev/null; echo 'no mail today' >&2; exit 64")
        account(w, "refused.test")
        done = once(w)
        equal(done.returncode, 0)
        like(done.stderr, "NOT mailed to %s: .*status 64: no mail today" % POSTMASTER)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 0)
    with case("one that hangs is ended"):
        behave("exec sleep 1000")
        account(w, "hangs.test")
        done = once(w)
        equal(done.returncode, 3)
        like(done.stderr, "took longer than 1 s")
    with case("a follower that was killed at it: another mails it"):
        fresh(w)
        once(w)
        begun = w.root + "/inbox/begun"
        behave("touch %s; exec sleep 1000" % begun)
        account(w, "killed.test")
        dying = Follower(w, 6)
        wait_for(lambda: os.path.exists(begun), "it to begin", 20)
        dying.process.stop(signal.SIGKILL)
        behave("exec /usr/sbin/sendmail \"$@\"")
        with Follower(w, 7):
            wait_mails(w, 1)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 0)
    empty_inbox(w)
    with case("what could not be mailed for a day is given up, and said"):
        w.redis.cmd("DEL", "mxpace:events")
        w.redis.cmd("XADD", "mxpace:events", "%d-0" % ((time.time() - 90000) * 1000), "type", "account",
                    "account", "old.test", *SUSPENDED[1:])
        w.redis.cmd("XGROUP", "CREATE", "mxpace:events", "mxpace:notify", "0")
        done = once(w)
        equal(done.returncode, 0, done.stderr)
        like(done.stderr, "NOT mailed to %s: event .* is over a day old" % POSTMASTER)
        equal(w.redis.cmd("XPENDING", "mxpace:events", "mxpace:notify")[0], 0)


def templates(w):
    fresh(w)
    folder = world.CONF_FOLDER + "/mail"
    os.makedirs(folder)

    def write(name, text):
        with open("%s/%s" % (folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    settings(w, templates=folder)
    with case("an operator's template in place of ours"):
        write("suspended.txt", "Stopp: {account}\n\nKonto {account}, {hard} von {sent}. Gr\u00fc\u00dfe\n")
        once(w)
        account(w, "german.test")
        equal(once(w).returncode, 0)
        mail = wait_mails(w, 1)[0]
        equal(mail["Subject"], "Stopp: german.test")
        equal(mail.get_content(), "Konto german.test, 50 von 400. Gr\u00fc\u00dfe\n")
    with case("a field that is none: said before anything is read, with file and line"):
        write("review.txt", "S\n\n{acount}\n")
        done = once(w)
        equal(done.returncode, 1)
        like(done.stderr, r"mail/review\.txt:3: there is no field \{acount\}")
        os.unlink(folder + "/review.txt")
    with case("a file for a mail that is none"):
        write("suspendet.txt", "S\n")
        like(once(w).stderr, r"mail/suspendet\.txt: no mail has this template")
    empty_inbox(w)


def redis_away(w):
    settings(w)
    with case("Redis is not there yet, or comes back empty: the follower goes on"):
        w.redis.kill()
        with Follower(w, 8) as follower:
            follower.process.log.wait("Connection refused; waiting for it")
            w.redis.start()
            wait_for(lambda: w.redis.keys("mxpace:events"), "it to begin")
            since = follower.process.log.mark()
            w.redis.kill()
            follower.process.log.wait("waiting for it", since)
            w.redis.start()
            account(w, "back.test")
            wait_mails(w, 1)


def run(w):
    folder = kept(w)
    w.postfix.set("virtual_mailbox_domains = foo.test, foo-hosted.test", "virtual_mailbox_base = " + folder,
                  "virtual_mailbox_maps = static:./", "virtual_minimum_uid = 1", "virtual_uid_maps = static:65534",
                  "virtual_gid_maps = static:65534", "virtual_transport = virtual")
    off(w)
    one_of_each(w)
    real(w)
    flood(w)
    hostile(w)
    later(w)
    templates(w)
    redis_away(w)


if __name__ == "__main__":
    tap.main(run, postfix=1, examples=())
