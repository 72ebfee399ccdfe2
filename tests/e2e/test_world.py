#!/usr/bin/python3
"""The harness itself: a private world leaves nothing behind, however it ends. Needs none of our programs."""
import glob
import os
import signal
import subprocess
import sys

import isolation
import tap
from process import wait_for
from tap import case, check, equal

# Inside: brings up all of it, says so, then ends as told.
INSIDE = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, %r)
import isolation
isolation.enter(60)
from process import wait_for
from world import World
with World(postfix=2, examples=()) as w:
    w.postfix.send("a@shop.test", ["u@implicit.test"])
    w.postfix_b.send("a@shop.test", ["u@twin.test"])
    w.sink.wait_messages(2)
    print(isolation.root, len(w.redis.keys()), flush=True)
    how = sys.stdin.readline().strip()
    if how == "fail":
        raise AssertionError("as told")
    if how == "die":
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "wait":
        wait_for(lambda: False, "the end", 60)
"""


def namespace_of(pid):
    try:
        return os.readlink("/proc/%s/ns/pid" % pid)
    except OSError:
        return None


class Inner:
    """A world in a child process of ours."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", INSIDE % os.path.dirname(os.path.abspath(__file__))],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, start_new_session=True)
        self.folder = self.process.stdout.readline().split()[0]
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as f:
            children = f.read().split()
        self.namespace = namespace_of(children[0])

    def alive(self):
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and namespace_of(pid) == self.namespace]

    def end(self, how="", number=None):
        check(len(self.alive()) > 8, "only %d processes: that isn't a world" % len(self.alive()))
        if number is not None:
            self.process.stdin.write(how + "\n")
            self.process.stdin.flush()
            self.process.send_signal(number)
        _, errors = self.process.communicate(None if number is not None else how + "\n", timeout=30)
        return self.process.returncode, errors


def run():
    before = [os.listdir(path) for path in isolation.LINKED]
    for label, how, number, wanted in (
            ("it ends by itself", "", None, {0}), ("the test fails", "fail", None, {1}),
            ("SIGINT", "wait", signal.SIGINT, {1}), ("SIGTERM", "wait", signal.SIGTERM, {1}),
            ("the test is killed", "die", None, {137}), ("all of it is killed", "wait", signal.SIGKILL, {-9})):
        with case("nothing is left: %s" % label):
            inner = Inner()
            code, errors = inner.end(how, number)
            check(code in wanted, "exit %d: %s" % (code, errors))
            wait_for(lambda inner=inner: not inner.alive(), "its processes to end")
            if number == signal.SIGKILL:
                os.rmdir(inner.folder)  # empty: nobody was left to remove it
            check(not glob.glob(inner.folder), "the folder is still there")
    with case("nothing was left on the host"):
        equal([os.listdir(path) for path in isolation.LINKED], before)


if __name__ == "__main__":
    tap.plain(run)
