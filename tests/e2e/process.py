"""Processes that write a log, and waiting for conditions, never for a time."""
import os
import re
import signal
import subprocess
import time

# Deadlines say "it hangs", so they may be generous; slow builds get more.
PATIENCE = 10.0 if os.environ.get("MXPACE_WRAP") else 3.0 if "asan" in os.environ.get("MXPACE_BUILD", "") else 1.0


def wait_for(condition, what, deadline=10.0, every=0.005):
    """Returns the first true value of condition(); AssertionError naming what after the deadline (seconds)."""
    end = time.monotonic() + deadline * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %g s in vain for %s" % (deadline * PATIENCE, what))
        time.sleep(every)


class Log:
    """A growing file of lines."""

    def __init__(self, path):
        self.path = path

    def text(self, since=0):
        try:
            with open(self.path, "rb") as f:
                f.seek(since)
                return f.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def mark(self):
        """Where it ends now: `since` for the others."""
        try:
            return os.path.getsize(self.path)
        except FileNotFoundError:
            return 0

    def find(self, pattern, since=0):
        return re.search(pattern, self.text(since), re.M)

    def lines(self, pattern, since=0):
        return [line for line in self.text(since).splitlines() if re.search(pattern, line)]

    def wait(self, pattern, since=0, deadline=10.0):
        """The match, once there is one."""
        what = "/%s/ in %s" % (pattern, os.path.basename(self.path))
        return wait_for(lambda: self.find(pattern, since), what, deadline, every=0.01)

    def tail(self, count=30):
        return self.text().splitlines()[-count:]


class Process:
    """One child of ours; both its outputs go to a log."""

    def __init__(self, name, argv, log_path, env=None, user=None, cwd="/", **options):
        """options: further ones of subprocess.Popen"""
        self.name = name
        self.log = Log(log_path)
        self.killed = False
        kw = {"user": user, "group": user, "extra_groups": [], **options} if user else options
        with open(log_path, "ab") as out:
            self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd,
                                           start_new_session=True,
                                           env=None if env is None else {**os.environ, **env}, **kw)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def send(self, number):
        self._popen.send_signal(number)

    def wait(self, deadline=10.0):
        """Its exit status (negative: a signal), once it ended by itself."""
        wait_for(lambda: not self.running(), "the end of %s" % self.name, deadline)
        return self._popen.returncode

    def stop(self, number=signal.SIGTERM, deadline=5.0):
        """Ends it, by force if it must be; returns the exit status."""
        if self.running():
            self._popen.send_signal(number)
            try:
                self._popen.wait(deadline * PATIENCE)
            except subprocess.TimeoutExpired:
                self.killed = True
                self._popen.send_signal(signal.SIGKILL)
                self._popen.wait()
        return self._popen.returncode
