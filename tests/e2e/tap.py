"""Test Anything Protocol on stdout: one line a case, the logs' ends as comments after a failure."""
import contextlib
import os
import re
import sys
import traceback

import isolation
from process import PATIENCE
from world import World

DEADLINE_S = 240

_name = os.path.basename(sys.argv[0]).removesuffix(".py")
_count = _failed = 0
_world = None


def comment(text):
    for line in str(text).splitlines():
        print("#   " + line[:400])
    sys.stdout.flush()


def _report(passed, label):
    global _count, _failed
    _count += 1
    _failed += not passed
    print("%s %d - %s: %s" % ("ok" if passed else "not ok", _count, _name, label), flush=True)


def name(text):
    """What the lines begin with, if not with the program's name."""
    global _name
    _name = text


def skip(label, why):
    """A test that cannot be made here."""
    _report(True, "%s # SKIP %s" % (label, why))


@contextlib.contextmanager
def case(label):
    """One test: its body raises nothing, or the test failed; the ones after it go on."""
    try:
        yield
    except isolation.Interrupted:
        _report(False, label + " (interrupted)")
        _explain()
        raise
    except Exception:  # pylint: disable=broad-except
        _report(False, label)
        comment(traceback.format_exc())
        _explain()
    else:
        _report(True, label)


def _explain():
    if _world is not None:
        comment("\n".join(_world.tails()))


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError("%sgot %r, wanted %r" % (what and what + ": ", got, wanted))


def like(got, pattern, what=""):
    """Returns the match."""
    match = re.search(pattern, got)
    if match is None:
        raise AssertionError("%sgot %r, wanted /%s/" % (what and what + ": ", got, pattern))
    return match


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def _skip_if_impossible():
    why_not = isolation.possible()
    if why_not:
        print("1..1\nok 1 - %s # SKIP %s" % (_name, why_not))
        sys.exit(0)


def _finish(interrupted=False):
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed or interrupted else 0)


def main(run, kind=World, deadline_s=DEADLINE_S, **world_options):
    """run(world) in a world of its own, a World or a Fleet; never returns."""
    global _world
    _skip_if_impossible()
    isolation.enter(int(deadline_s * PATIENCE))
    interrupted = False
    try:
        with case("the world starts and ends cleanly, no program left a report"):
            with kind(**world_options) as _world:
                run(_world)
    except isolation.Interrupted:
        interrupted = True
    _finish(interrupted)


def plain(run):
    """run() on the host itself; never returns."""
    _skip_if_impossible()
    with case("it ran to its end"):
        run()
    _finish()
