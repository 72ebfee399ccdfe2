"""A machine of its own for one test program: name, network, mounts and process ids.

enter() returns only inside. There the loopback is up and empty, a tmpfs is mounted on `root`, and the folders
of LINKED are made of links to the host's entries, so that what own_folder() and own_file() put there hides the host's.
Nothing is left on the host: all of it is gone with the namespaces, at the latest when the first process inside ends,
and the kernel then ends whatever else still runs there. The one thing outside is an empty folder, removed at the end.

    outer (the host's)  waits, passes SIGINT and SIGTERM on as SIGTERM, keeps the deadline
      init (process 1)  mounts, then reaps
        inner           the test; SIGTERM raises Interrupted in it
"""
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import traceback

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x04000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP, IFF_RUNNING = 0x1, 0x40

LINKED = ("/etc", "/usr/libexec", "/var/lib", "/var/spool")
GRACE_S = 15  # between SIGTERM and SIGKILL

_libc = ctypes.CDLL(None, use_errno=True)
root = None  # the tmpfs, inside


class Interrupted(BaseException):
    """The test was told to end, or is over its deadline."""


def possible():
    """Why enter() cannot work here, or None."""
    if os.geteuid() != 0:
        return "needs root, to make network and mount namespaces"
    return None


def enter(deadline_s):
    """Returns inside; the calling process stays outside and exits with the inner one's status."""
    global root
    folder = tempfile.mkdtemp(prefix="mxpace-e2e-", dir="/tmp")
    os.chmod(folder, 0o755)
    sys.stdout.flush()
    sys.stderr.flush()
    _check(_libc.unshare(CLONE_NEWPID), "unshare")
    init = os.fork()
    if init != 0:
        _outer(init, folder, deadline_s)
    try:
        _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        os.setsid()  # a terminal's ^C goes to the outer process only, which passes it on once
        _mounts(folder)
        _interface(b"lo", IFF_UP | IFF_RUNNING)
        inner = os.fork()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    if inner != 0:
        _init(inner)
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, _interrupted)
    root = folder


def host(path):
    """Where the host's own file or folder of LINKED is found."""
    return root + "/host" + path


def own_folder(path, user="root", group="root", mode=0o755):
    """An empty folder at a path below one of LINKED, in place of the host's; returns the path."""
    if os.path.islink(path):
        os.unlink(path)
    os.makedirs(path, exist_ok=True)
    shutil.chown(path, user, group)
    os.chmod(path, mode)
    return path


def own_file(path, text):
    """A file at a path below one of LINKED, in place of the host's."""
    if os.path.islink(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def add_address(address, alias):
    """A further address on the loopback, not one of 127.0.0.0/8; alias: a small number of its own."""
    name = b"lo:%d" % alias
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for request, ip in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
            sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(ip))
            fcntl.ioctl(s, request, struct.pack("16s16s8x", name, sockaddr))


class Network:
    """A further network namespace, its loopback up. In `with network:` it is this thread's, and that of the processes
    it starts; it lives as long as anything is in it, or until close()."""

    def __init__(self):
        with _network_kept():
            _check(_libc.unshare(CLONE_NEWNET), "unshare")
            self._file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            _interface(b"lo", IFF_UP | IFF_RUNNING)
        self.path = "/proc/%d/fd/%d" % (os.getpid(), self._file)
        self._kept = threading.local()

    def __enter__(self):
        stack = self._kept.__dict__.setdefault("stack", [])
        stack.append(_network_kept())
        stack[-1].__enter__()
        _check(_libc.setns(self._file, CLONE_NEWNET), "setns")
        return self

    def __exit__(self, *error):
        self._kept.stack.pop().__exit__(*error)

    def processes(self):
        """The ids of all that live in it."""
        wanted, found = os.fstat(self._file).st_ino, []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.stat("/proc/%s/ns/net" % pid).st_ino == wanted:
                    found.append(int(pid))
        return found

    def close(self):
        os.close(self._file)


@contextlib.contextmanager
def _network_kept():
    """Afterwards the thread is in the network it was in."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _check(_libc.setns(home, CLONE_NEWNET), "setns")
        os.close(home)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def _mount(source, target, kind, flags, data=""):
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), "mount " + target)


def _mounts(folder):
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS), "unshare")
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    _mount("mxpace-e2e", folder, "tmpfs", MS_NODEV, "mode=755")
    for original in LINKED:
        kept = folder + "/host" + original
        os.makedirs(kept)
        _mount(original, kept, "", MS_BIND | MS_REC)
        _mount("mxpace-e2e", original, "tmpfs", MS_NODEV, "mode=755")
        for name in os.listdir(kept):
            os.symlink(os.path.join(kept, name), os.path.join(original, name))


def _interface(name, flags):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh22x", name, flags))


def _interrupted(number, _frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what follows is cleaning up
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)


def _exit_like(status):
    sys.stdout.flush()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _init(inner):
    """Process 1: reaps all, ends with the inner process, and with it everything."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(inner, signal.SIGTERM))
    while True:
        pid, status = os.wait()
        if pid == inner:
            _exit_like(status)


def _outer(init, folder, deadline_s):
    told = False

    def end(number, _frame):
        nonlocal told
        if number == signal.SIGALRM:
            print("# over its deadline of %d s" % deadline_s, flush=True)
        os.kill(init, signal.SIGKILL if told else signal.SIGTERM)
        told = True
        signal.alarm(GRACE_S)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(deadline_s)
    _, status = os.waitpid(init, 0)
    signal.alarm(0)
    os.rmdir(folder)  # empty: what was in it was in the namespace
    _exit_like(status)
