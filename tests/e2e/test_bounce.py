#!/usr/bin/python3
"""Returned mail: a refusal at the provider becomes Postfix's NDR, pipe(8) gives it to mxbounce as the user mxpace, the
address is quarantined, and Postfix refuses it from then on."""
import glob
import json
import os
import re
import subprocess
import time

import tap
import world
from ndr import MAILBOX_FULL, notice
from process import PATIENCE, wait_for
from tap import case, check, equal, like
from world import CONF, RETURN_PATH

PIPE_ENDS_ITSELF_S = 30
TOP_KEYS = {"kind", "recipients", "message_id", "campaign", "list", "account", "reporting_mta", "arrival", "format"}
RECIPIENT_KEYS = {"address", "type", "reason", "reply_code", "status", "diagnostic", "remote_mta", "action", "rule", "final_address",
                  "last_attempt"}
OUTSIDE = "127.0.0.9"


def submit(w, *recipients, **kw):
    headers = ["Subject: News", "X-Campaign: autumn", "X-Account: shop-7"]
    answers = w.postfix.send(RETURN_PATH, recipients, headers, **kw)
    equal({code for code, _ in answers.values()}, {250}, str(answers))


def returned(w, recipient):
    """The returned messages that mxbounce was given about a recipient: [(path, text)]"""
    found = []
    for path in glob.glob(w.returned + "/*.eml"):
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        if re.search("^Final-Recipient: rfc822; *%s$" % re.escape(recipient), text, re.M):
            found.append((path, text))
    return found


def quarantined(w, address):
    wait_for(lambda: w.redis.entry(address).get("status") == "quarantined", address + " to be quarantined")
    return w.redis.entry(address)


def handled(w, recipient, since=0):
    """Until mxbounce has taken a message for a return-path address."""
    pattern = r"to=<%s>.* relay=mxbounce, .*status=sent \(delivered via mxbounce service"
    w.postfix.log.wait(pattern % re.escape(recipient), since)


def main_job(w):
    w.sink.reply("^gone@hard.test$", "550 5.1.1 <gone@hard.test> User unknown")
    with case("550 5.1.1 at the provider: Postfix's NDR comes back through pipe(8), the address is quarantined"):
        submit(w, "gone@hard.test", "good@hard.test")
        entry = quarantined(w, "gone@hard.test")
        w.sink.wait_messages(1, "good@hard.test")
        handled(w, RETURN_PATH)
    with case("pipe(8) ran mxbounce as the user mxpace"):
        path = returned(w, "gone@hard.test")[0][0]
        equal(open(path.replace(".eml", ".user"), encoding="ascii").read(), "mxpace\n")
    with case("the quarantine entry says what and why"):
        equal((entry["type"], entry["reason"], entry["errors"]), ("hard", "user_unknown", "1"))
        check("550" in entry["code"] or "5.1.1" in entry["code"], "code %r" % entry["code"])
        like(entry["text"], "User unknown")
        equal(entry["mx"], "mx1.hard.test")
        equal(entry["campaign"], "autumn")
        check(abs(int(entry["first"]) - time.time()) < 60, "first %r" % entry["first"])
        equal(entry["first"], entry["last"])
    with case("it is in the index, until removed, and in the event stream"):
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", "gone@hard.test"), "inf")
        equal(w.redis.cmd("TTL", "mxpace:{q:gone@hard.test}"), -1)
        equal(len(w.redis.events(type="quarantined", address="gone@hard.test")), 1)
    with case("the other recipient of the message isn't touched"):
        equal(w.redis.entry("good@hard.test"), {})
    with case("the next mail to it is refused at RCPT, with since when and why; the provider never sees it"):
        before = len(w.sink.records("rcpt", recipient="gone@hard.test"))
        answers = w.postfix.send(RETURN_PATH, ["gone@hard.test", "good@hard.test"])
        code, text = answers["gone@hard.test"]
        equal(code, 550)
        like(text, r"^5\.1\.1 .*mxpace: gone@hard\.test is quarantined since \d{4}-\d\d-\d\d: user_unknown "
                   r"\(550 5\.1\.1 ")
        equal(answers["good@hard.test"][0], 250)
        w.sink.wait_messages(2, "good@hard.test")
        equal(len(w.sink.records("rcpt", recipient="gone@hard.test")), before)
    with case("the very NDR once more changes nothing"):
        before = w.redis.entry("gone@hard.test")
        path, text = returned(w, "gone@hard.test")[0]
        equal(w.mxbounce(text.encode()).returncode, 0)
        after = w.redis.entry("gone@hard.test")
        equal((after["errors"], after["first"], after["last"]), (before["errors"], before["first"], before["last"]))
        equal(len(w.redis.events(type="quarantined", address="gone@hard.test")), 1)


def mailbox_full(w):
    w.sink.reply("^full@soft.test$", "552 5.2.2 <full@soft.test> Mailbox full")
    with case("552 5.2.2 counts one error, and the address may still be mailed"):
        mark = w.postfix.log.mark()
        submit(w, "full@soft.test")
        handled(w, RETURN_PATH, mark)
        entry = w.redis.entry("full@soft.test")
        equal([entry[k] for k in ("status", "type", "reason", "errors")], ["counting", "soft", "mailbox_full", "1"])
        like(str(w.redis.cmd("TTL", "mxpace:{q:full@soft.test}")), r"^[1-9]\d+$")
    with case("a second error within the significant period isn't counted"):
        mark = w.postfix.log.mark()
        submit(w, "full@soft.test")
        handled(w, RETURN_PATH, mark)
        equal(len(returned(w, "full@soft.test")), 2)
        equal(w.redis.entry("full@soft.test")["errors"], "1")

    with case("the same NDR isn't counted either once the significant period is over: it is the same NDR"):
        text = min(returned(w, "full@soft.test"), key=lambda item: os.path.getmtime(item[0]))[1]
        equal(w.mxbounce(text.encode()).returncode, 0)
        equal(w.redis.entry("full@soft.test")["errors"], "1")
    with case("NDRs count by their dates, however late they come; at the third the address is quarantined, for 30 days"):
        equal(w.mxbounce(notice("full@soft.test", MAILBOX_FULL, days_ago=0.9)).returncode, 0)
        equal(w.redis.entry("full@soft.test")["errors"], "1")
        equal(w.mxbounce(notice("full@soft.test", MAILBOX_FULL, days_ago=1.1)).returncode, 0)
        entry = w.redis.entry("full@soft.test")
        equal((entry["status"], entry["errors"]), ("counting", "2"))
        equal(w.mxbounce(notice("full@soft.test", MAILBOX_FULL, days_ago=2.2)).returncode, 0)
        entry = w.redis.entry("full@soft.test")
        equal((entry["status"], entry["errors"]), ("quarantined", "3"))
        left = int(entry["release"]) - time.time()
        check(30 * 86400 - 60 < left <= 30 * 86400, "released in %d s" % left)
        left = w.redis.cmd("TTL", "mxpace:{q:full@soft.test}")
        check(40 * 86400 - 60 < left <= 40 * 86400, "forgotten in %d s" % left)
        score = float(w.redis.cmd("ZSCORE", "mxpace:quarantine", "full@soft.test"))
        check(abs(score - time.time() - 40 * 86400) < 60, "index %r" % score)
        code, text = w.postfix.send(RETURN_PATH, ["full@soft.test"])["full@soft.test"]
        equal(code, 550)
        like(text, "quarantined since .*: mailbox_full")


def not_final(w):
    """What isn't a final failure must not cost an address, whatever its reason is called."""
    with case("user unknown with a reply that says try again counts, and quarantines only at the fifth"):
        later = {"status": "4.1.1", "reply": "450 4.1.1 <{recipient}> User unknown"}
        for errors in ("1", "2", "3", "4", "5"):
            equal(w.mxbounce(notice("later@soft.test", later, days_ago=6 - int(errors))).returncode, 0)
            entry = w.redis.entry("later@soft.test")
            equal((entry["type"], entry["reason"], entry["errors"]), ("soft", "user_unknown", errors))
            equal(entry["status"], "quarantined" if errors == "5" else "counting")
    with case("a recipient that was served, in the notice about another, is left alone"):
        failed = notice("failed@soft.test").decode()
        served = "\n".join(["Final-Recipient: rfc822; served@soft.test", "Action: relayed", "Status: 2.0.0", "", ""])
        equal(w.mxbounce(failed.replace("Final-Recipient:", served + "Final-Recipient:", 1).encode()).returncode, 0)
        equal(w.redis.entry("failed@soft.test")["status"], "quarantined")
        equal(w.redis.entry("served@soft.test"), {})
        equal(w.redis.events(address="served@soft.test"), [])


def once(w):
    conf = w.write_conf(world.CONF_FOLDER + "/no-period.conf", quarantine={"significant_period": "0"})

    def at_once(messages):
        running = [subprocess.Popen(w.mxbounce_argv("--sender", "", "--recipient", RETURN_PATH, conf=conf),
                                    stdin=subprocess.PIPE, user="mxpace", group="mxpace", extra_groups=[])
                   for _ in messages]
        for process, message in zip(running, messages):
            process.stdin.write(message)
        for process in running:
            process.stdin.close()  # the end of the message: now they go on, all at once
        return [process.wait(60) for process in running]

    with case("twenty mxbounce with the same NDR at once: it counts once"):
        equal(at_once([notice("twenty@soft.test", MAILBOX_FULL)] * 20), [0] * 20)
        equal(w.redis.entry("twenty@soft.test")["errors"], "1")
        equal(len(w.redis.events(type="counted", address="twenty@soft.test")), 1)
    with case("two mxbounce with two NDRs at once: both count"):
        equal(at_once([notice("twenty@soft.test", MAILBOX_FULL) for _ in range(2)]), [0, 0])
        entry = w.redis.entry("twenty@soft.test")
        equal((entry["status"], entry["errors"]), ("quarantined", "3"))


def forged(w):
    """The return path is a public address: anybody may send anything there."""
    def inject(message, recipient=RETURN_PATH):
        mark = w.postfix.log.mark()
        with w.postfix.connect(OUTSIDE) as session:
            equal(session.mail("<>")[0], 250)
            equal(session.rcpt(recipient)[0], 250)
            equal(session.data(message)[0], 250)
        handled(w, recipient, mark)

    with case("a forged NDR for a good address, from outside, changes nothing"):
        inject(notice("good@hard.test", local=False))
        equal(w.redis.entry("good@hard.test"), {})
        equal(w.redis.cmd("ZSCORE", "mxpace:quarantine", "good@hard.test"), None)
    with case("it is recorded as ignored"):
        equal(len(w.redis.events(type="ignored", address="good@hard.test")), 1)
    with case("nor does one that brings a Received field like Postfix's own"):
        inject(notice("good@hard.test", local=True))
        equal(w.redis.entry("good@hard.test"), {})
    with case("nor one that a user of this host submits with sendmail"):
        before = len(w.redis.events(type="ignored", address="good@hard.test"))
        w.run("sendmail", "-f", "<>", RETURN_PATH, data=notice("good@hard.test", local=True), user="nobody")
        wait_for(lambda: len(w.redis.events(type="ignored", address="good@hard.test")) > before, "it to be ignored")
        equal(w.redis.entry("good@hard.test"), {})
    with case("nor one to a VERP address that names another recipient"):
        inject(notice("good@hard.test", local=False), "news+somebody=hard.test@bounces.example.com")
        equal(w.redis.entry("good@hard.test"), {})
        equal(w.redis.entry("somebody@hard.test"), {})
    with case("mail to the good address still goes out"):
        before = len(w.sink.messages("good@hard.test"))
        submit(w, "good@hard.test")
        w.sink.wait_messages(before + 1, "good@hard.test")


def verp(w):
    w.sink.reply("^left@hard.test$", "550 5.1.1 <left@hard.test> User unknown")
    with case("XVERP: the provider sees an envelope sender that names the recipient, and its NDR quarantines"):
        answers = w.postfix.send(RETURN_PATH, ["left@hard.test", "good@hard.test"], options=["XVERP"])
        equal({code for code, _ in answers.values()}, {250})
        equal(quarantined(w, "left@hard.test")["reason"], "user_unknown")
        handled(w, "news+left=hard.test@bounces.example.com")
        check("news+good=hard.test@bounces.example.com" in {m["sender"] for m in w.sink.messages("good@hard.test")},
              "no such sender")
    with case("an NDR of a remote host counts for the recipient whose VERP address it came to"):
        with w.postfix.connect(OUTSIDE) as session:
            session.mail("<>")
            equal(session.rcpt("news+moved=hard.test@bounces.example.com")[0], 250)
            equal(session.data(notice("moved@hard.test", local=False))[0], 250)
        equal(quarantined(w, "moved@hard.test")["reason"], "user_unknown")


def harmless(w):
    with case("a delay notice, an out-of-office and a success notice hold nothing against the address"):
        out_of_office = (b"Received: by mta1.shop.test (Postfix)\n\tid 4Zy1; Sun, 22 Nov 2026 03:42:11 +0000 (UTC)\n"
                         b"From: <busy@hard.test>\nTo: <" + RETURN_PATH.encode() + b">\nAuto-Submitted: auto-replied\n"
                         b"Subject: Out of office: News\n\nI am away until Monday.\n")
        delayed = notice("busy@hard.test", {"status": "4.4.1", "reply": "451 4.4.1 try later"}, action="delayed")
        relayed = notice("busy@hard.test", {"status": "2.0.0", "reply": "250 2.0.0 ok"}, action="delivered")
        for message in (out_of_office, delayed, relayed):
            equal(w.mxbounce(message).returncode, 0)
        equal(w.redis.entry("busy@hard.test"), {})
    with case("a notice that no rule knows is ignored, and kept for review"):
        equal(w.mxbounce(notice("odd@hard.test", {"status": "5.0.0", "reply": "550 Zwiebelkuchen"})).returncode, 0)
        equal(w.redis.entry("odd@hard.test"), {})
        check(any("Zwiebelkuchen" in t for t in w.redis.cmd("ZRANGE", "mxpace:unclassified", 0, -1)), "not there")
    with case("mxctl bounce unclassified shows it, exports it without what may be a name, and forgets it"):
        like(w.mxctl("bounce", "unclassified").stdout, r"\n +1  550 Zwiebelkuchen\n")
        lines = [json.loads(line) for line in w.mxctl("bounce", "unclassified", "--export", "-").stdout.splitlines()]
        equal(lines[0]["format"], "mxpace-unclassified")
        check({"count": 1, "text": "550 <name>"} in lines, "exported: %r" % lines)
        equal(w.mxctl("bounce", "unclassified", "--forget", "*Zwiebel*").returncode, 0)
        check("Zwiebel" not in w.mxctl("bounce", "unclassified").stdout, "not forgotten")


def redis_away(w):
    w.sink.reply("^late@hard.test$", "550 5.1.1 <late@hard.test> User unknown")
    with case("Redis away: mxbounce exits 75 and the NDR stays in Postfix's queue"):
        w.redis.kill()
        equal(w.mxbounce(notice("late@hard.test")).returncode, 75)
        mark = w.postfix.log.mark()
        submit(w, "late@hard.test")
        pattern = r"to=<%s>.* relay=mxbounce, .*status=deferred \(temporary failure"
        w.postfix.log.wait(pattern % re.escape(RETURN_PATH), mark)
        wait_for(lambda: len(w.postfix.queue_ids()) == 1, "the notice alone to be in the queue")
    away = notice("away@soft.test", {"status": "4.4.1", "reply": "451 4.4.1 try later"}, action="delayed")
    on_socket = w.write_conf(world.CONF_FOLDER + "/socket.conf", redis=w.redis.unix_url)
    with case("Redis away: a notice that counts nothing needs none"):
        equal(w.mxbounce(away).returncode, 0)
        equal(w.mxbounce(away, conf=on_socket).returncode, 0)
        equal(w.mxbounce(notice("late@hard.test"), conf=on_socket).returncode, 75)
    with case("Redis back: it is handed over and counts"):
        w.redis.start()
        w.postfix.flush()
        equal(quarantined(w, "late@hard.test")["reason"], "user_unknown")
        wait_for(lambda: not w.postfix.queue_ids(), "the queue to be empty")
    with case("by a unix socket: it counts"):
        equal(w.mxbounce(notice("socket@hard.test"), conf=on_socket).returncode, 0)
        equal(w.redis.entry("socket@hard.test")["status"], "quarantined")
    with case("Redis stopped: 75 well before pipe(8) would lose patience"):
        w.redis.pause()
        began = time.monotonic()
        try:
            equal(w.mxbounce(notice("late@hard.test")).returncode, 75)
            equal(w.mxbounce(notice("late@hard.test"), conf=on_socket).returncode, 75)
            equal(w.mxbounce(away, conf=on_socket).returncode, 0)
        finally:
            w.redis.resume()
        check(time.monotonic() - began < PIPE_ENDS_ITSELF_S + 2, "it took %.1f s" % (time.monotonic() - began))
    for what, begin, end in (("full", ("CONFIG", "SET", "maxmemory", 1), ("CONFIG", "SET", "maxmemory", 0)),
                             ("read-only", ("REPLICAOF", "127.0.0.1", 1), ("REPLICAOF", "NO", "ONE"))):
        with case("Redis %s: 75" % what):
            w.redis.cmd(*begin)
            try:
                equal(w.mxbounce(notice("late2@hard.test")).returncode, 75)
            finally:
                w.redis.cmd(*end)
            equal(w.mxbounce(notice("late2@hard.test")).returncode, 0)
            equal(w.redis.entry("late2@hard.test")["status"], "quarantined")


def exits(w):
    """pipe(8) bounces whatever isn't 0 or 75, and the bounce of a notice is lost."""
    fine = notice("exit@soft.test", MAILBOX_FULL)

    def write(name, text):
        path = "%s/%s" % (w.root, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def pointing(redis):
        return w.write_conf("%s/redis-%d.conf" % (w.root, len(redis)), redis=redis)

    pipe = ["-c", CONF, "--sender", "", "--recipient", RETURN_PATH]
    bad_rules = write("bad-rules.conf", "bounce_rules = ( { name = \"x\"; match = \"(\"; } );\n")
    rows = [
        ("a missing configuration", ["-c", w.root + "/missing.conf"], fine, {75}),
        ("a broken configuration", ["-c", write("broken.conf", "redis = = ;\n")], fine, {75}),
        ("an unknown key", ["-c", write("unknown.conf", "colour = 1;\n")], fine, {75}),
        ("broken bounce rules", ["-c", w.write_conf(w.root + "/rules.conf", bounce_rules=bad_rules)], fine, {75}),
        ("a Redis that isn't there", ["-c", pointing("redis://127.0.0.1:1/0")], fine, {75}),
        ("a Redis name that doesn't resolve", ["-c", pointing("redis://gone.test/0")], fine, {75}),
        ("an unknown option", ["-c", CONF, "--colour"], fine, {75}),
        ("an option without its value", ["-c"], fine, {75}),
        ("no options at all", [], fine, {0, 75}),
        ("an operand too many", ["-c", CONF, "extra"], fine, {75}),
        ("no message", pipe, b"", {0}),
        ("one byte", pipe, b"x", {0}),
        ("NULs", pipe, b"\0" * 100000, {0}),
        ("a header that never ends", pipe, b"A: b\n" * 200000, {0}),
        ("a cut NDR", pipe, fine[:900], {0}),
        ("an NDR nested in itself 500 times", pipe,
         b"Content-Type: message/rfc822\n\n" * 500 + fine, {0}),
        ("an odd recipient", ["-c", CONF, "--sender", "", "--recipient", "a b\n@@{}%"], fine, {0}),
        ("a sender that looks like an option", ["-c", CONF, "--sender", "--help", "--recipient", RETURN_PATH], fine,
         {0}),
    ]
    for label, args, message, wanted in rows:
        with case("exit status with %s: %s" % (label, " or ".join(map(str, sorted(wanted))))):
            done = w.run(*w.wrap("mxbounce"), w.binary("mxbounce"), *args, data=message, user="mxpace")
            check(done.returncode in wanted, "exit %d: %s" % (done.returncode, done.stderr))
    with case("an NDR of 50 MB is understood, in time"):
        began = time.monotonic()
        line = "0123456789abcdef" * 4 + "\n"
        big = notice("big@soft.test", MAILBOX_FULL, body=line * (50 * 1024 * 1024 // len(line)))
        done = w.mxbounce(big)
        equal(done.returncode, 0, done.stderr)
        equal(w.redis.entry("big@soft.test")["reason"], "mailbox_full")
        check(time.monotonic() - began < 10 * PATIENCE, "it took %.1f s" % (time.monotonic() - began))
    with case("exit status with a message beyond max_message_size: 0 or 75"):
        conf = w.write_conf(world.CONF_FOLDER + "/small.conf", max_message_size="10k")
        done = w.mxbounce(notice("huge@soft.test", MAILBOX_FULL, body="x\n" * 10000), conf=conf)
        check(done.returncode in (0, 75), "exit %d: %s" % (done.returncode, done.stderr))


def dry_run(w):
    def run(message, *args):
        done = w.run(*w.mxbounce_argv("--dry-run", "--json", *args), data=message, user="mxpace")
        equal(done.returncode, 0, done.stderr)
        equal(done.stdout.count("\n"), 1, "lines")
        return json.loads(done.stdout)

    with case("--dry-run --json: one line with all keys"):
        report = run(notice("dry@hard.test"))
        equal(set(report), TOP_KEYS)
        equal(len(report["recipients"]), 1)
        equal(set(report["recipients"][0]), RECIPIENT_KEYS)
    with case("... and what the notice says"):
        equal((report["kind"], report["campaign"]), ("ndr", "autumn"))
        like(report["message_id"], r"order-\w+@shop\.test")
        like(report["list"], "weekly.shop.test")
        got = {k: report["recipients"][0][k] for k in ("address", "type", "reason", "status", "remote_mta", "action")}
        equal(got, {"address": "dry@hard.test", "type": "hard", "reason": "user_unknown", "status": "5.1.1",
                    "remote_mta": "mx1.hard.test", "action": "failed"})
        equal(str(report["recipients"][0]["reply_code"]), "550")
        like(report["recipients"][0]["diagnostic"], r"550 5\.1\.1 <dry@hard\.test> User unknown")
        check(report["recipients"][0]["rule"], "no rule is named")
    for label, message, kind in (("a delay notice", notice("d@hard.test", {"status": "4.4.1", "reply": "451 later"},
                                                           action="delayed"), "delay"),
                                 ("a success notice", notice("d@hard.test", {"status": "2.0.0", "reply": "250 ok"},
                                                             action="delivered"), "success"),
                                 ("an ordinary mail", b"From: <a@b.test>\nSubject: Hi\n\nHi\n", "none"),
                                 ("nothing", b"", "none")):
        with case("--dry-run: %s is kind %s" % (label, kind)):
            equal(run(message)["kind"], kind)
    with case("--dry-run doesn't touch Redis: no connection, no key"):
        keys, before = w.redis.keys(), w.redis.statistic("total_connections_received")
        for _ in range(3):
            run(notice("dry@hard.test"))
        equal(w.redis.statistic("total_connections_received"), before)
        equal(w.redis.keys(), keys)
        equal(w.redis.entry("dry@hard.test"), {})
    with case("--dry-run works from the source tree with the shipped files, without Redis"):
        argv = w.mxbounce_argv("--dry-run", "--json", conf=world.TREE + "/conf/mxpace.conf")
        done = w.run(*argv, data=notice("dry@hard.test"))
        equal(done.returncode, 0, done.stderr)
        equal(json.loads(done.stdout)["recipients"][0]["reason"], "user_unknown")


def cache(w):
    path = "/var/lib/mxpace/mxbounce.cache"
    rules, conf = w.root + "/own-rules.conf", w.root + "/own.conf"
    text = 'text = ( { name = "moon"; type = "soft"; reason = "%s"; match = "the moon is full"; sample = "the moon is full"; } );\n'

    def write_rule(reason):
        with open(rules, "w", encoding="utf-8") as f:
            f.write(text % reason)

    def reason():
        done = w.run(*w.mxbounce_argv("--dry-run", "--json", conf=conf), user="mxpace",
                     data=notice("moon@hard.test", {"status": "5.0.0", "reply": "550 the moon is full"}))
        equal(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["recipients"][0]["reason"]

    def cached(word):
        with open(path, "rb") as f:
            return word.encode() in f.read()

    with case("mxbounce has written its cache, which nobody else can write, nor read who may not read the configuration"):
        wait_for(lambda: w.mxbounce(b"").returncode == 0 and cached(CONF), "the cache of %s" % CONF)
        st = os.stat(path)
        equal((st.st_mode & 0o022, st.st_mode & 0o044 & ~os.stat(CONF).st_mode), (0, 0))
    with case("a changed rule holds from the next message on, whether it is cached already or not"):
        write_rule("refused")
        w.write_conf(conf, bounce_rules=rules)
        equal(reason(), "refused")
        wait_for(lambda: reason() == "refused" and cached(rules), "the rules to be cached")
        equal(reason(), "refused")
        write_rule("unreachable")
        equal(reason(), "unreachable")
    with case("mxctl rules check writes it"):
        os.unlink(path)
        wait_for(lambda: json.loads(w.mxctl("--json", "rules", "check").stdout)["bounce_rules"]["cache"] == "written",
                 "the cache to be written")
        check(cached(CONF), "not of %s" % CONF)
    with case("without a cache, and where none can be written, messages are understood all the same"):
        os.unlink(path)
        os.mkdir(path)
        equal(reason(), "unreachable")
        os.rmdir(path)


def run(w):
    w.node = w.policyd("a")
    with case("Postfix has nothing to complain about in main.cf and master.cf"):
        for option in ("-n", "-M"):
            out = w.postfix.command("postconf", option, errors=subprocess.STDOUT)
            check("warning" not in out and "mxbounce" in out, out)
    main_job(w)
    mailbox_full(w)
    not_final(w)
    forged(w)
    verp(w)
    once(w)
    harmless(w)
    exits(w)
    dry_run(w)
    cache(w)
    w.node.stop()  # it would only log that Redis is away
    redis_away(w)
    with case("pipe(8) has bounced none of the returned messages"):
        equal(w.postfix.log.lines("relay=mxbounce.*status=bounced"), [])


if __name__ == "__main__":
    tap.main(run, postfix=1, examples=world.ADMISSION + world.BOUNCE, **world.providers(hard={}, soft={}))
