"""The folder that all machines (machine.py) start from: a bookworm of debootstrap's, kept in build/machine, and the Debian
packages that a test is going to install there, downloaded. Made outside of any namespace: it needs the network, once.

The mirrors are those of this host's apt, and so are the lists of packages that a machine finds.
"""
import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = TREE + "/build/machine"
SUITE = "bookworm"
# What debootstrap's smallest variant lacks of a server that boots.
INCLUDED = ("ca-certificates", "iproute2", "less", "netbase", "procps", "systemd", "systemd-sysv")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Missing(Exception):
    """What keeps a base from being made here; a reason to skip."""


def _run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)


def _must(*argv, **options):
    done = _run(*argv, **options)
    if done.returncode != 0:
        raise Missing("%s: %s" % (" ".join(argv[:3]), "; ".join(done.stdout.strip().splitlines()[-3:])))
    return done.stdout


def deps(*packages):
    """Has them installed on this host."""
    _must("sh", TREE + "/tests/deps", *packages)


def mirror():
    """The first archive of this host's apt that has the suite."""
    targets = _must("apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT)", "Created-By: Packages")
    for line in targets.splitlines():
        site, codename, component = line.split()[:3]
        if (codename, component) == (SUITE, "main"):
            return site
    raise Missing("this host's apt has no archive of " + SUITE)


@contextlib.contextmanager
def _locked():
    os.makedirs(FOLDER, exist_ok=True)
    with open(FOLDER + "/lock", "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _make(path, site):
    for old in glob.glob(FOLDER + "/" + SUITE + "-*"):
        shutil.rmtree(old)
    new = path + ".new"
    shutil.rmtree(new, ignore_errors=True)
    _must("debootstrap", "--variant=minbase", "--include=" + ",".join(INCLUDED), SUITE, new, site)
    for name in glob.glob(new + "/var/cache/apt/archives/*.deb"):
        os.unlink(name)
    os.rename(new, path)


def make():
    """The base folder, made if it is not there. Not to be written to."""
    deps("debootstrap", "iproute2", "util-linux")
    name = hashlib.sha256(repr((SUITE, INCLUDED)).encode()).hexdigest()[:8]
    path = "%s/%s-%s" % (FOLDER, SUITE, name)
    with _locked():
        if not os.path.isdir(path):
            _make(path, mirror())
    return path


def _apt_files(base):
    """This host's sources and lists, so that apt in the machine finds what was downloaded."""
    for old in glob.glob(base + "/etc/apt/sources.list*"):
        shutil.rmtree(old) if os.path.isdir(old) else os.unlink(old)
    for path in glob.glob("/etc/apt/sources.list*"):
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, base + path)
    lists = "/var/lib/apt/lists"
    shutil.rmtree(base + lists)
    shutil.copytree(lists, base + lists, ignore=shutil.ignore_patterns("partial", "auxfiles", "lock"))


def fetch(base, packages, debs=()):
    """Has the packages, and what the files `debs` depend on, ready for apt-get install in a machine without network."""
    argv = ["apt-get", "install", "--download-only", "-y", "-qq", "-o", "Dir::State::status=%s/var/lib/dpkg/status" % base,
            "-o", "Dir::Cache::archives=%s/var/cache/apt/archives" % base, "-o", "APT::Install-Recommends=true",
            "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", *packages, *debs]
    with _locked():
        if _run(*argv).returncode != 0:
            _must("apt-get", "update", "-qq")
            _must(*argv)
        _apt_files(base)
