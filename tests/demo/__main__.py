"""The main job of mxpace, shown step by step in private mail worlds (tests/e2e/): one part after the other, or one.

    /usr/bin/python3 tests/demo [admission | egress]

Says what it does, shows what came of it, and checks that this is what it says: exits 1 if anything was different.
"""
import importlib
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import isolation  # noqa: E402
import words  # noqa: E402
from process import wait_for  # noqa: E402

PARTS = ("admission", "egress")


def processes():
    return [name for name in os.listdir("/proc") if name.isdigit()]


def show(part):
    began = time.monotonic()
    words.heading(part.HEADING)
    with part.start() as world:
        try:
            part.run(world)
        except AssertionError as e:
            print("\n%s\n\nThe logs end so:\n%s" % (e, "\n".join(world.tails())), flush=True)
            sys.exit(1)
    words.title("The world has ended")
    wait_for(lambda: len(processes()) == 2, "all processes to end")  # init and this one
    words.say("Nothing is left running, nothing was written outside. %d claims were checked and held; it took %.1f s."
              % (words.checks, time.monotonic() - began))


def one(name):
    """Enters a machine of its own for it; never returns."""
    part = importlib.import_module(name)
    isolation.enter(part.DEADLINE_S)
    try:
        show(part)
    except isolation.Interrupted:
        sys.exit("demo: interrupted")
    except AssertionError as e:
        sys.exit("demo: %s" % e)
    sys.exit(0)


def each():
    """Each part in a process of its own, which cleans up after itself however it is told to end."""
    for number, name in enumerate(PARTS):
        print("\n" * 2 * (number > 0), end="", flush=True)
        child = subprocess.Popen([sys.executable, HERE, name])
        for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(told, lambda *_, of=child: of.terminate())
        if child.wait() != 0:
            sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:] and (len(sys.argv) != 2 or sys.argv[1] not in PARTS):
        sys.exit("usage: /usr/bin/python3 tests/demo [%s]" % " | ".join(PARTS))
    why_not = isolation.possible()
    if why_not:
        sys.exit("demo: %s; try: sudo make demo" % why_not)
    if sys.argv[1:]:
        one(sys.argv[1])
    each()
