#!/usr/bin/python3
"""Messages that somebody made to be slow or large to read, 50 MB each: mxbounce answers within seconds and in bounded
memory, with the right status; one beyond max_message_size is understood from its beginning."""
import base64
import json
import os
import subprocess
import tempfile
import time

import tap
from process import PATIENCE
from tap import case, check, equal
from world import build_folder

MEGABYTE = 1024 * 1024
SIZE = 50 * MEGABYTE
TIME_S = 2.0
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZED = "asan" in build_folder()
# ASan's memmem() looks at all that is left of the message in each of millions of calls; unit/test_hostile is without this.
ENV = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":intercept_memmem=0"}

DAEMON = b"From: MAILER-DAEMON@mx.test\nTo: bounces@shop.test\nSubject: Undelivered Mail Returned to Sender\n"
HTML = DAEMON + b"Content-Type: text/html\n\n"
MIXED = DAEMON + b"Content-Type: multipart/mixed; boundary=b\n\n"
REPORT = DAEMON + b"Content-Type: multipart/report; boundary=b\n\n--b\n\nIt failed.\n--b\n" \
    b"Content-Type: message/delivery-status\n\n"
GROUP = b"Final-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\n\n"
ATTACHED = b"--b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
NESTED = DAEMON + b"".join(b"Content-Type: multipart/mixed; boundary=n%d\n\n--n%d\n" % (i, i) for i in range(100000))

# label, how it begins, what fills it, the recipients it names (None: as many as fit)
FORMS = (
    ("a large attachment", REPORT + GROUP + ATTACHED, base64.b64encode(b"x" * 57) + b"\n", 1),
    ("a million tiny lines", DAEMON + b"\n", b"a\n", 0),
    ("the same with CRLF", DAEMON.replace(b"\n", b"\r\n") + b"\r\n", b"a\r\n", 0),
    ("CR for line ends", DAEMON.replace(b"\n", b"\r") + b"\r", b"a\r", 0),
    ("one line", DAEMON + b"\n", b"a", 0),
    ("NULs", DAEMON + b"\n", b"\0", 0),
    ("one field", DAEMON + b"X-Filler: ", b"a", 0),
    ("a header that does not end", DAEMON, b"X-Filler: a\n", 0),
    ("a header without a field", DAEMON, b"a", 0),
    ("parts", MIXED, b"--b\n\n" + b"x" * 500 + b"\n", 0),
    ("boundaries", MIXED, b"--b\n", 0),
    ("longer boundaries", MIXED, b"--bc\n", 0),
    ("parts that are headers", MIXED, b"--b\n" + b"a:\n" * 60000, 0),
    ("multiparts within multiparts", NESTED, b"--n1x\n", 0),
    ("multiparts within multiparts around dashes", NESTED[:2000], b"-", 0),
    ("blank parts in base64", MIXED, b"--b\nContent-Transfer-Encoding: base64\n\n" + b"ICAg" * 49000 + b"\n", 0),
    ("styles", HTML, b"<style", 0),
    ("starts of tags", HTML, b"<", 0),
    ("ends of tags", HTML, b">", 0),
    ("character references", HTML, b"&lt", 0),
    ("starts of encoded words", b"From: MAILER-DAEMON\nSubject: ", b"=?", 0),
    ("encoded words", b"From: MAILER-DAEMON\nSubject: ", b"=?utf-8?Q?a?= ", 0),
    ("addresses", DAEMON + b"\n", b"<a@b.test>: 550 5.1.1 no\n", 1),
    ("at signs", DAEMON + b"\n", b"@", 0),
    ("replies", DAEMON + b"\n", b"<<< 550 <a@b.test> no\n", 1),
    ("failed recipients", DAEMON + b"X-Failed-Recipients: ", b"a@b.test, ", 1),
    ("delivery status of one recipient", REPORT, GROUP, 1),
    ("parts of delivery status", MIXED, b"--b\nContent-Type: message/delivery-status\n\n" + GROUP * 2500, 1),
)

# Starts its program and tells what it took: a child of ours would begin with the memory of this process.
METER = """import json, os, resource, subprocess, sys
done = subprocess.run(sys.argv[2:], stdin=0, stdout=subprocess.PIPE, check=False, timeout=float(sys.argv[1]))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, done.stdout.decode()]))
"""


def write(path, head, unit, size=SIZE):
    with open(path, "wb") as f:
        f.write(head)
        block = unit * (MEGABYTE // len(unit) + 1)
        for _ in range((size - len(head)) // len(block)):
            f.write(block)


def measured(path, conf):
    """(what it says, seconds of its own, bytes of memory)"""
    argv = [os.path.join(TREE, build_folder(), "mxbounce"), "-c", conf, "--dry-run", "--json"]
    with open(path, "rb") as f:
        out = subprocess.run(["/usr/bin/python3", "-c", METER, str(60 * PATIENCE), *argv], stdin=f,
                             stdout=subprocess.PIPE, check=True, env=ENV).stdout
    status, seconds, memory, said = json.loads(out)
    equal(status, 0, said)
    return json.loads(said), seconds, memory


def each_form(folder, conf):
    path = folder + "/message"
    for label, head, unit, recipients in FORMS:
        with case("50 MB of %s: within %g s and three times its size" % (label, TIME_S)):
            write(path, head, unit)
            report, seconds, memory = measured(path, conf)
            equal(len(report["recipients"]), recipients, str(report)[:300])
            equal(report["kind"], "ndr" if recipients else "none")
            if not SANITIZED:
                check(seconds < TIME_S * PATIENCE, "%.2f s" % seconds)
                most = 3 * os.path.getsize(path) + 8 * MEGABYTE
                check(memory <= most, "%.1f MB of memory" % (memory / MEGABYTE))


def limit(folder, conf):
    path = folder + "/message"
    with case("beyond max_message_size: the head of the message decides"):
        small = folder + "/small.conf"
        with open(conf, encoding="ascii") as f, open(small, "w", encoding="ascii") as out:
            out.write(f.read() + "max_message_size = \"16k\";\n")
        write(path, REPORT + GROUP, b"x\n")
        report, _, memory = measured(path, small)
        equal([r["address"] for r in report["recipients"]], ["a@b.test"])
        if not SANITIZED:
            check(memory < 16 * MEGABYTE, "%.1f MB of memory" % (memory / MEGABYTE))
    with case("the end of the report beyond it: what is there counts"):
        write(path, REPORT + b"Final-Recipient: rfc822; a@b.test\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 ", b"no ",
              64 * 1024 + 2 * MEGABYTE)
        report, _, _ = measured(path, small)
        equal([(r["address"], r["status"]) for r in report["recipients"]], [("a@b.test", "5.1.1")])


def run():
    with tempfile.TemporaryDirectory(prefix="mxpace-hostile-") as folder:
        conf = folder + "/mxpace.conf"
        with open(conf, "w", encoding="ascii") as f:
            for name in ("bounce_rules", "mx_rules"):
                f.write("%s = \"%s/conf/%s.conf\";\n" % (name, TREE, name.replace("_", "-")))
        began = time.monotonic()
        each_form(folder, conf)
        tap.comment("%.0f s for all forms" % (time.monotonic() - began))
        limit(folder, conf)


tap.plain(run)
