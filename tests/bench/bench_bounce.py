#!/usr/bin/python3
"""Measures mxbounce: a process for each message beside a program that does nothing, and messages a second in a process.

spawn starts the programs in turn, round after round: one that does nothing, mxbounce without and with the write to a
private Redis on a unix socket, and, less often, mxbounce without its cache. Each round gives one ratio of each to the
first, and medians of these are told, so that a busy or throttled machine hits all alike. ndrload reads and classifies
the sample messages of the tests in one process.

A measurement, not a test: claims that are not met are printed, and the exit code is 0 all the same; it is 1 when the
measurement could not be made.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from world import BenchError, Server, die_with_parent  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MXPACE_BUILD", "build/release"))
RECIPIENT = "news@bounces.example.com"
SETTLED_S = 0.2  # files are this old before mxbounce makes a cache of them
SPARE_S = 120
SIZE = 5000      # of the sample message, in bytes

# A notice as Postfix 3.7 writes it to a sender of its own, about one recipient.
NOTICE = """\
Return-Path: <>
Received: by mta1.example.com (Postfix)
\tid 4Zq7Nx1c2dz9s; Sun, 22 Nov 2026 10:00:01 +0000 (UTC)
Date: Sun, 22 Nov 2026 10:00:01 +0000 (UTC)
From: MAILER-DAEMON@mta1.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: %(to)s
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Zq7Nx1b.1795341601/mta1.example.com"
Message-Id: <20261122100001.4Zq7Nx1c2dz9s@mta1.example.com>

This is a MIME-encapsulated message.

--4Zq7Nx1b.1795341601/mta1.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mta1.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.

                   The mail system

<anna@example.org>: host mx1.example.org[192.0.2.10] said: 550 5.1.1
    <anna@example.org>: Recipient address rejected: User unknown in virtual
    mailbox table (in reply to RCPT TO command)

--4Zq7Nx1b.1795341601/mta1.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mta1.example.com
X-Postfix-Queue-ID: 4Zq7Nx1b
X-Postfix-Sender: rfc822; %(to)s
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; anna@example.org
Original-Recipient: rfc822;anna@example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx1.example.org
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.org>: Recipient address
    rejected: User unknown in virtual mailbox table

--4Zq7Nx1b.1795341601/mta1.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <%(to)s>
Received: from app.example.com (app.example.com [192.0.2.5])
\tby mta1.example.com (Postfix) with ESMTP id 4Zq7Nx1b
\tfor <anna@example.org>; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)
Date: Sun, 22 Nov 2026 10:00:00 +0000
From: Shop 17 <news@example.com>
To: anna@example.org
Subject: What is new in November
Message-ID: <20261122100000.77@app.example.com>
X-Campaign: november-2026
List-Id: Monthly <monthly.lists.example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

"""
LINE = "This month there are new things in the shop, and some of the old ones cost less.\n"
END = "\n--4Zq7Nx1b.1795341601/mta1.example.com--\n"


def sample():
    text = NOTICE % {"to": RECIPIENT}
    return (text + LINE * ((SIZE - len(text) - len(END)) // len(LINE)) + END).encode()


def write_conf(folder, name, redis_socket, state_dir):
    path = folder / name
    path.write_text('redis = "unix:%s";\nstate_dir = "%s";\nbounce_rules = "%s";\nlocal_domains = [ "bounces.example.com" ];\n'
                    % (redis_socket, state_dir, ROOT / "conf/bounce-rules.conf"))
    return path


def run(command, seconds, **kw):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, timeout=seconds,
                              preexec_fn=die_with_parent, **kw)
    except subprocess.TimeoutExpired:
        raise BenchError("%s: not done within %s s" % (command[0], seconds)) from None
    if done.returncode != 0:
        raise BenchError("%s: status %s: %s" % (command[0], done.returncode, done.stderr.decode(errors="replace").strip()))
    return done.stdout.decode()


class Programs:
    """What is started: label: command."""

    def __init__(self, folder, redis_socket):
        state, missing = folder / "state", folder / "missing"
        state.mkdir()
        self.mail = folder / "notice.eml"
        self.mail.write_bytes(sample())
        cached = write_conf(folder, "mxpace.conf", redis_socket, state)
        bare = write_conf(folder, "uncached.conf", redis_socket, missing)
        mxbounce = ROOT / BUILD / "mxbounce"
        dry = ["--dry-run", "--json"]
        self.trivial = [ROOT / BUILD / "bench/trivial"]
        self.cold = [mxbounce, "-c", cached, *dry]
        self.counted = [mxbounce, "-c", cached, "--sender", "", "--recipient", RECIPIENT]
        self.uncached = [mxbounce, "-c", bare, *dry]
        self.cache = state / "mxbounce.cache"

    def warm_up(self):
        """The first run writes the cache; all must understand the message."""
        time.sleep(SETTLED_S)
        for command in (self.cold, self.uncached):
            report = json.loads(run(command, 30, stdin=open(self.mail, "rb")))
            if [r["reason"] for r in report["recipients"]] != ["user_unknown"]:
                raise BenchError("the sample message was not understood: %s" % report)
        if not self.cache.exists():
            raise BenchError("mxbounce wrote no cache")
        run(self.counted, 30, stdin=open(self.mail, "rb"))

    def spawn(self, rounds, *commands):
        """The nanoseconds of each command in each round."""
        words = []
        for command in commands:
            words += (["--"] if words else []) + list(command)
        out = run([ROOT / BUILD / "bench/spawn", rounds, self.mail, *words], SPARE_S)
        return [[int(word) for word in line.split()] for line in out.splitlines()]


def ratios(runs, column):
    return [row[column] / row[0] for row in runs]


def tell_program(label, runs, column):
    times, found = [row[column] / 1000 for row in runs], ratios(runs, column)
    low, high = statistics.quantiles(found, n=10)[0], statistics.quantiles(found, n=10)[-1]
    print("%-38s %8.0f us   %5.2f x   (%.2f-%.2f)" % (label, statistics.median(times), statistics.median(found), low, high))


def bench(folder, options):
    redis_socket = folder / "redis.sock"
    redis = Server("redis-server", "--port", "0", "--unixsocket", redis_socket, "--save", "", "--dir", folder)
    try:
        redis.wait_for("eady to accept connections")
        programs = Programs(folder, redis_socket)
        programs.warm_up()
        runs = programs.spawn(options.rounds, programs.trivial, programs.cold, programs.counted)
        few = programs.spawn(max(10, options.rounds // 10), programs.trivial, programs.uncached)
    finally:
        redis.stop()
    messages = sorted((ROOT / "tests/messages").glob("*.eml"))
    rates = [json.loads(run([ROOT / BUILD / "bench/ndrload", 1000, ROOT / "conf/bounce-rules.conf", *messages], SPARE_S))
             for _ in range(3)]
    return runs, few, max(rates, key=lambda rate: rate["per_second"]), len(messages)


def tell(runs, few, rate, messages, options):
    print("mxbounce, a process for each message of %d bytes; median of %d rounds, and of the ratios to the first in the "
          "same round (in brackets: 8 of 10 rounds lie between)\n" % (len(sample()), options.rounds))
    tell_program("a program that does nothing", runs, 0)
    tell_program("mxbounce --dry-run", runs, 1)
    tell_program("mxbounce, counted in Redis", runs, 2)
    tell_program("mxbounce --dry-run, without a cache", few, 1)
    print("\nread and classified in one process: %.0f messages a second of CPU time, %d samples of %d bytes on average\n"
          % (rate["per_second"], messages, rate["bytes_each"]))
    cold, counted = (statistics.median(ratios(runs, column)) for column in (1, 2))
    for claim, measured, met in (
            ("start to exit <= 1.7 x the program that does nothing", "%.2f x" % cold, cold <= 1.7),
            ("with the write to Redis <= 2.2 x", "%.2f x" % counted, counted <= 2.2),
            ("in process >= 20000 messages a second", "%.0f" % rate["per_second"], rate["per_second"] >= 20000)):
        print("%s  %s: %s" % ("met    " if met else "NOT MET", claim, measured))


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args(argv)
    os.environ.pop("XDG_CACHE_HOME", None)
    os.environ.pop("HOME", None)  # so that the one without a cache has none
    try:
        with tempfile.TemporaryDirectory(prefix="mxpace-bench-") as folder:
            tell(*bench(pathlib.Path(folder), options), options)
    except (BenchError, OSError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
