"""A Debian machine inside a test's world: booted with systemd as process 1, one wire to the "internet" of the test.

    with Machine(base, folder, network) as m:  m.shell().type("systemctl status"), m.run("postqueue", "-p")

The base (machine_base.py) is below an overlay: what the machine changes is gone with it. It has its own processes, mounts,
name, network, IPC and control groups; it may set neither the clock nor the kernel's settings. What is run in it comes
from outside, through its namespaces, as root.

    the test's network      198.51.100.1: DNS, providers' MX hosts
    the machine's           198.51.100.7, "mta1.example.com"
"""
import contextlib
import glob
import os
import signal
import subprocess

import isolation
from process import Process, wait_for

GATEWAY, ADDRESS = "198.51.100.1", "198.51.100.7"
HOSTNAME = "mta1.example.com"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb",
               "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": ""}
# ROOT is the overlay. systemd gets what its container interface asks for.
BOOT = r"""
set -e
cd "$ROOT"
mount --make-rprivate /
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
    : >dev/$name
    mount --bind /dev/$name dev/$name
done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
ln -s /proc/self/fd dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${n%:*} dev/${n#*:}; done
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
hostname "$NAME"
mkdir -p .outside
pivot_root . .outside
exec chroot . /bin/sh -c 'umount -l /.outside; rmdir /.outside
    exec env -i container=mxpace PATH="$PATH" setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-sys_boot \
        /lib/systemd/systemd --system --show-status=no </dev/null'
"""
# Nothing of these is for a machine without hardware and users.
MASKED = ("console-getty.service", "getty.target", "systemd-modules-load.service", "systemd-sysctl.service",
          "dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
          "sys-fs-fuse-connections.mount", "apt-daily.timer", "apt-daily-upgrade.timer", "systemd-remount-fs.service")


class Shell:
    """A root shell in the machine that keeps its variables and folder from one command to the next."""

    def __init__(self, argv):
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         text=True, errors="replace", start_new_session=True)

    def type(self, command):
        """Returns (exit status, what was printed)."""
        self._process.stdin.write("{ %s\n} </dev/null\nprintf '\\n\\001%%d\\n' $?\n" % command)
        self._process.stdin.flush()
        text = ""
        for line in self._process.stdout:
            if line.startswith("\001"):
                return int(line[1:]), text[:-1]
            text += line
        raise AssertionError("the shell has ended at: " + command)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


class Machine:
    def __init__(self, base, folder, network):
        """folder: a new one of its own, on a tmpfs; network: an isolation.Network, joined to the test's here."""
        self.base, self.folder, self.network = base, folder, network
        self.root = folder + "/root"
        self._group = "%s/cgroup/mxpace-machine-%d" % (folder, os.getpid())
        self._process = None
        self._pid = 0

    # Starting and ending.

    def launch(self):
        for name in ("upper", "work", "root", "cgroup"):
            os.makedirs("%s/%s" % (self.folder, name))
        self._mount("overlay", self.root, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (self.base, self.folder, self.folder))
        self._mount("cgroup2", self.folder + "/cgroup", "")
        os.mkdir(self._group)
        self._settings()
        self._join()
        enter = 'echo 0 >"$GROUP/cgroup.procs"; exec unshare -m -p -u -i -C --fork --kill-child sh -c "$BOOT"'
        with self.network:
            self._process = Process("machine", ["sh", "-c", enter], self.folder + "/console", env={
                **ENVIRONMENT, "GROUP": self._group, "BOOT": BOOT, "ROOT": self.root, "NAME": HOSTNAME})

    @staticmethod
    def _mount(kind, target, options):
        subprocess.run(["mount", "-t", kind, *(["-o", options] if options else []), kind, target], check=True)

    def _settings(self):
        self.write("/etc/hostname", HOSTNAME + "\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n%s %s %s\n" % (ADDRESS, HOSTNAME, HOSTNAME.partition(".")[0]))
        self.write("/etc/resolv.conf", "nameserver %s\n" % GATEWAY)
        self.write("/etc/machine-id", "")
        self.write("/etc/apt/apt.conf.d/99machine", 'Dpkg::Use-Pty "0";\nAPT::Keep-Downloaded-Packages "true";\n')
        for unit in MASKED:
            os.symlink("/dev/null", "%s/etc/systemd/system/%s" % (self.root, unit))

    def _join(self):
        def ip(*commands):
            for command in commands:
                subprocess.run(["ip", *command.split()], check=True)
        ip("link add wan type veth peer name eth0 netns %s" % self.network.path,
           "address add %s/24 dev wan" % GATEWAY, "link set wan up")
        with self.network:
            ip("address add %s/24 dev eth0" % ADDRESS, "link set eth0 up", "route add default via " + GATEWAY)

    def ready(self):
        """Once systemd has started all it is to start."""
        wait_for(self._find, "process 1 of the machine: " + "; ".join(self._process.log.tail(5)), 30, every=0.05)
        wait_for(lambda: self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"),
                 "the machine to be up", 60, every=0.1)

    def _find(self):
        """unshare's child, once it is systemd."""
        if not self._process.running():
            raise AssertionError("the machine ended: " + "; ".join(self._process.log.tail(5)))
        for path in glob.glob("/proc/%d/task/*/children" % self._process.pid):
            with open(path, encoding="ascii") as f:
                for pid in f.read().split():
                    with contextlib.suppress(OSError), open("/proc/%s/comm" % pid, encoding="ascii") as comm:
                        if comm.read().strip() == "systemd":
                            self._pid = int(pid)
        return self._pid

    def stop(self):
        """As a shutdown does: every unit is stopped. Then the rest is killed."""
        if self._process is None:
            return
        if self._pid and self._process.running():
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGRTMIN + 13)  # systemd halts at once what is left of it
        with contextlib.suppress(AssertionError):
            self._process.wait(10)
        self._process.stop(signal.SIGKILL)
        self._remove_groups()

    def _remove_groups(self):
        for folder, _, _ in os.walk(self._group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def __enter__(self):
        try:
            self.launch()
            self.ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # What a test does with it.

    def _inside(self, *argv):
        words = ["%s=%s" % item for item in ENVIRONMENT.items()]
        return ["nsenter", "--target", str(self._pid), "--all", "--wdns=/root", "env", "-i", *words, *argv]

    def run(self, *argv, check=True, **options):
        """What a program prints, both outputs; AssertionError if it ends badly."""
        done = subprocess.run(self._inside(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **options)
        if check and done.returncode != 0:
            raise AssertionError("%s: %d: %s" % (" ".join(argv), done.returncode, done.stdout))
        return done.stdout

    def ends(self, *argv):
        """The exit status and what was printed."""
        done = subprocess.run(self._inside(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        return done.returncode, done.stdout

    def shell(self):
        return Shell(self._inside("/bin/bash", "--norc"))

    def path(self, path):
        """A file of the machine's as seen from outside, sockets and /run included."""
        return "/proc/%d/root%s" % (self._pid, path) if self._pid else self.root + path

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, path, text):
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)

    def journal(self, *options):
        """Lines of its journal, without time and host; options of journalctl."""
        return self.run("journalctl", "-q", "-o", "cat", *options).splitlines()

    def mark(self):
        """Where its journal ends now: an option for journal()."""
        text = self.run("journalctl", "-q", "-n", "1", "-o", "export", "--output-fields=MESSAGE")
        return "--after-cursor=" + next(line.partition("=")[2] for line in text.splitlines()
                                        if line.startswith("__CURSOR="))
