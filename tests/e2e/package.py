"""The Debian package of this tree, as `make deb` builds it, and others made from it: a higher version of the same source, and
an older one whose files in /etc differ. Kept in build/machine as long as the source is the same."""
import glob
import hashlib
import os
import re
import shutil
import subprocess

from machine_base import FOLDER, TREE

NEXT = "0.1.1~test1"
OLD = "0.0.9"


def _do(*argv, cwd=TREE, **options):
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError("%s:\n%s" % (" ".join(argv), "\n".join(done.stdout.splitlines()[-30:])))
    return done.stdout


def _files():
    """What `make deb` takes."""
    listed = subprocess.run(["make", "-s", "files"], cwd=TREE, check=True, stdout=subprocess.PIPE).stdout
    return sorted(path for path in listed.decode().split("\0") if path and os.path.lexists(os.path.join(TREE, path)))


def _digest():
    digest = hashlib.sha256()
    for path in _files():
        full = os.path.join(TREE, path)
        digest.update(path.encode() + b"\0")
        if os.path.islink(full):
            digest.update(os.readlink(full).encode())
        elif not path.startswith("tests/"):  # no part of the package
            with open(full, "rb") as f:
                digest.update(f.read())
    return digest.hexdigest()[:12]


def the_deb(folder):
    """The one package that is in a folder, the one with debugging symbols aside."""
    found = [path for path in glob.glob(folder + "/mxpace_*.deb")]
    if len(found) != 1:
        raise AssertionError("%s: %d packages" % (folder, len(found)))
    return found[0]


def _edit(path, change):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(change(text))


def _raised(folder):
    """The same source with a higher version, where it was built."""
    source = glob.glob(folder + "/mxpace-*/")[0].rstrip("/")
    entry = "mxpace (%s) bookworm; urgency=medium\n\n  * Next.\n\n -- Test <test@example.org>  Mon, 23 Nov 2026 05:00:00 +0000\n\n"
    _edit(source + "/debian/changelog", lambda text: entry % NEXT + text)
    _edit(source + "/Makefile", lambda text: re.sub(r"^VERSION .*", "VERSION := " + NEXT, text, flags=re.M))
    _edit(source + "/conf/bounce-rules.conf", lambda text: text + "\n# shipped with the next version\n")
    for path in glob.glob(source + "/debian/*debhelper*") + glob.glob(source + "/debian/.debhelper") + [source + "/debian/mxpace"]:
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    _do("dpkg-buildpackage", "-us", "-uc", "-b", "-nc", cwd=source)


def _old(deb, folder):
    """An older version, that is the same but for its number and a file in /etc that the next one has changed."""
    _do("dpkg-deb", "-R", deb, folder + "/tree")
    control = folder + "/tree/DEBIAN/control"
    _edit(control, lambda text: re.sub(r"^Version: .*", "Version: " + OLD, text, flags=re.M))
    for name in ("mx-rules.conf", "bounce-rules.conf"):
        _edit(folder + "/tree/etc/mxpace/" + name, lambda text: "# shipped with the old version\n" + text)
    _do("dpkg-deb", "--root-owner-group", "-b", folder + "/tree", folder)
    shutil.rmtree(folder + "/tree")


def build():
    """{"old": path, "this": path, "next": path} of the packages."""
    home = FOLDER + "/deb-" + _digest()
    if not os.path.isdir(home):
        for stale in glob.glob(FOLDER + "/deb-*"):
            shutil.rmtree(stale)
        new = home + ".new"
        _do("make", "deb", "DEB=" + new + "/work")
        for name in ("this", "old", "next"):
            os.mkdir("%s/%s" % (new, name))
        shutil.copy(the_deb(new + "/work"), new + "/this")
        _old(the_deb(new + "/this"), new + "/old")
        os.unlink(the_deb(new + "/work"))
        _raised(new + "/work")
        shutil.copy(the_deb(new + "/work"), new + "/next")
        shutil.rmtree(new + "/work")
        os.rename(new, home)
    return {name: the_deb("%s/%s" % (home, name)) for name in ("old", "this", "next")}
