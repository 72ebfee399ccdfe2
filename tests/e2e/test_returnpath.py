#!/usr/bin/python3
"""Signed return paths: Postfix signs envelope senders by the map returnpath, applications by mxctl verp sign; what comes
back counts by what its return path proves, and a forged notice does not."""
import glob
import json
import re

import tap
import world
from ndr import notice
from process import wait_for
from tap import case, check, equal, like
from world import CONF_FOLDER, RETURN_PATH

OUTSIDE = "127.0.0.9"
KEYS = [CONF_FOLDER + "/verp.key", CONF_FOLDER + "/verp2.key"]
SIGNED = r"^news-[a-z2-7]{10}@bounces\.example\.com$"


def handled(w, recipient, since):
    """Until mxbounce has taken a message for a return-path address."""
    pattern = r"to=<%s>.* relay=mxbounce, .*status=sent \(delivered via mxbounce service"
    w.postfix.log.wait(pattern % re.escape(recipient), since)


def inject(w, message, recipient):
    """Somebody elsewhere sends it there."""
    mark = w.postfix.log.mark()
    with w.postfix.connect(OUTSIDE) as session:
        equal(session.mail("<>")[0], 250)
        equal(session.rcpt(recipient)[0], 250)
        equal(session.data(message)[0], 250)
    handled(w, recipient, mark)


def sign(w, *operands):
    done = w.mxctl("--json", "verp", "sign", *operands)
    equal(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)["signed"][0]["return_path"]


def sent_from(w, recipient, sender=RETURN_PATH, options=()):
    """Sends one message; the envelope sender that the provider saw."""
    before = len(w.sink.messages(recipient))
    equal(w.postfix.send(sender, [recipient], options=options)[recipient][0], 250)
    w.sink.wait_messages(before + 1, recipient)
    return w.sink.messages(recipient)[-1]["sender"]


def signing(w):
    with case("a sender of the return-path domain is signed, once"):
        like(sent_from(w, "ann@hard.test"), SIGNED)
    with case("... and mxctl verp check says that it proves that we sent something"):
        path = sent_from(w, "ann@hard.test")
        done = w.mxctl("--json", "verp", "check", path)
        equal(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        equal((said["of_sender"]["signature"], said["of_recipient"]["signature"]), ("valid", "unsigned"))
    with case("XVERP: the provider sees the signature and the recipient"):
        like(sent_from(w, "ann@hard.test", options=["XVERP"]), r"^news-[a-z2-7]{10}\+ann=hard\.test@bounces\.example\.com$")
    with case("a VERP sender of the application keeps the recipient"):
        like(sent_from(w, "ann@hard.test", "news+ann=hard.test@bounces.example.com"),
             r"^news-[a-z2-7]{10}\+ann=hard\.test@bounces\.example\.com$")
    for label, operands in (("a sender", [RETURN_PATH]), ("a recipient", [RETURN_PATH, "ann@hard.test"])):
        with case("signed for %s already: it goes out as it came" % label):
            path = sign(w, *operands)
            equal(sent_from(w, "ann@hard.test", path), path)
    with case("signed for a recipient it does not name: it gets the sender's signature too, and proves as much"):
        path = sign(w, RETURN_PATH, "c" * 50 + "@hard.test")
        seen = sent_from(w, "ann@hard.test", path)
        like(seen, r"^news-[a-z2-7]{10}\+%s$" % re.escape(path.split("+")[1]))
        equal(w.mxctl("verp", "check", seen, "c" * 50 + "@hard.test").returncode, 0)
    with case("other senders and the null sender are left alone"):
        equal(sent_from(w, "ann@hard.test", "info@shop.test"), "info@shop.test")
        equal(sent_from(w, "ann@hard.test", ""), "")


def counting(w):
    w.sink.reply("^gone@hard.test$", "550 5.1.1 <gone@hard.test> User unknown")
    with case("a message with a signed sender bounces: Postfix's own notice comes back there and quarantines"):
        mark = w.postfix.log.mark()
        answers = w.postfix.send(RETURN_PATH, ["gone@hard.test"], ["Reply-To: <%s>" % RETURN_PATH])
        equal(answers["gone@hard.test"][0], 250)
        wait_for(lambda: w.redis.entry("gone@hard.test").get("status") == "quarantined", "it to be quarantined")
        w.postfix.log.wait(r"to=<news-[a-z2-7]{10}@bounces\.example\.com>.* relay=mxbounce, .*status=sent", mark)
    with case("the message's header is not touched"):
        with open(glob.glob(w.returned + "/*.eml")[0], encoding="utf-8") as f:
            like(f.read(), r"\nReply-To: <%s>\n" % re.escape(RETURN_PATH))
    with case("a remote host's notice counts where the return path is signed for the recipient"):
        inject(w, notice("moved@hard.test", local=False), sign(w, RETURN_PATH, "moved@hard.test"))
        entry = w.redis.entry("moved@hard.test")
        equal((entry["status"], entry["reason"]), ("quarantined", "user_unknown"))
    with case("... also without her name in it, and written in capitals"):
        long_name = "b" * 50 + "@hard.test"
        path = sign(w, RETURN_PATH, long_name)
        check("bbb" not in path and len(path.split("@")[0]) <= 64, path)
        inject(w, notice(long_name, local=False), path.upper())
        equal(w.redis.entry(long_name)["status"], "quarantined")
    with case("a sender's signature is soft evidence: counted, not quarantined"):
        path = sign(w, RETURN_PATH)
        for days_ago in (0, 3, 6, 9, 12, 15):  # as the notice says, which may be forged as well
            inject(w, notice("soft@hard.test", local=False, days_ago=days_ago), path)
        entry = w.redis.entry("soft@hard.test")
        equal((entry["status"], entry["type"], entry["errors"]), ("counting", "soft", "1"))
        like(w.redis.events(type="counted", address="soft@hard.test")[0]["why"], "only that we sent something")


def forged(w):
    good = sign(w, RETURN_PATH, "good@hard.test")
    rows = (
        ("not signed, with the recipient's name", "news+good=hard.test@bounces.example.com", "is not signed"),
        ("not signed", RETURN_PATH, "is not signed"),
        ("a made-up signature", "news+good=hard.test+aaaaaaaaaa@bounces.example.com", "none of ours"),
        ("signed for another recipient", sign(w, RETURN_PATH, "mallory@hard.test"), "for another recipient"),
        ("another's signature with this name",
         sign(w, RETURN_PATH, "mallory@hard.test").replace("mallory=", "good="), "none of ours"),
        ("a letter changed", good.replace("@", "#")[:-len("#bounces.example.com") - 1] +
         ("a" if good.split("@")[0][-1] != "a" else "b") + "@bounces.example.com", "none of ours"),
        ("XVERP with a sender's signature, of another recipient",
         sign(w, "news+mallory=hard.test@bounces.example.com"), "names another recipient"),
    )
    for label, path, why in rows:
        with case("a forged notice is recorded and otherwise ignored: %s" % label):
            before = len(w.redis.events(type="ignored", address="good@hard.test"))
            inject(w, notice("good@hard.test", local=False), path)
            equal(w.redis.entry("good@hard.test"), {})
            events = w.redis.events(type="ignored", address="good@hard.test")
            equal(len(events), before + 1)
            like(events[-1]["why"], why)


def rotation(w):
    old = sign(w, RETURN_PATH, "late@hard.test")
    with case("a new key is made, not over another, and for others than everybody"):
        done = w.mxctl("verp", "key", KEYS[1])
        equal(done.returncode, 0, done.stderr)
        equal(w.run("stat", "-c", "%a %G", KEYS[1]).stdout, "640 mxpace\n")
        equal(w.mxctl("verp", "key", KEYS[1]).returncode, 1)
    with case("with the new one first it signs, and what the old one signed is still good"):
        w.write_conf(return_path_keys=[KEYS[1], KEYS[0]])
        new = sign(w, RETURN_PATH, "late@hard.test")
        check(new != old, new)
        inject(w, notice("late@hard.test", local=False), old)
        equal(w.redis.entry("late@hard.test")["status"], "quarantined")
    with case("without the old one it is no more, and a key that cannot be read keeps the notice in the queue"):
        w.write_conf(return_path_keys=[KEYS[1]])
        equal(w.mxctl("verp", "check", old).returncode, 1)
        equal(w.mxctl("verp", "check", new).returncode, 0)
        w.write_conf(return_path_keys=[CONF_FOLDER + "/gone.key"])
        equal(w.mxbounce(notice("late2@hard.test"), new).returncode, 75)
        w.write_conf(return_path_keys=[KEYS[1]])
        equal(w.mxbounce(notice("late2@hard.test"), new).returncode, 0)


def run(w):
    equal(w.mxctl("verp", "key", KEYS[0]).returncode, 0)
    with w.policyd():
        for part in (signing, counting, forged, rotation):
            part(w)


if __name__ == "__main__":
    conf = {"verify_return_path": "signed", "return_path_keys": KEYS[:1], "return_path_domains": ["bounces.example.com"]}
    tap.main(run, postfix=1, examples=world.BOUNCE + ("main.cf.returnpath",), conf=conf, **world.providers(hard={}))
