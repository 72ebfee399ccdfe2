#!/usr/bin/python3
"""make dist: the files of the tree and no others, the same bytes each time, and a tree that make can work in, without git
as well. long/dist builds and tests it."""
import hashlib
import os
import subprocess
import tarfile
import tempfile

from _tap import TREE, done, none, report, skip


def run(*argv, cwd=TREE, **env):
    return subprocess.run(argv, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                          env={**{k: v for k, v in os.environ.items() if not k.startswith("MAKE")}, **env})


def dist(folder, tree=TREE, **env):
    """Its path, or None when that failed, which is reported then."""
    result = run("make", "-s", "dist", "DIST=" + folder, cwd=tree, **env)
    if result.returncode != 0:
        report(False, "make dist", result.stdout.splitlines())
        return None
    return result.stdout.split()[-1]


def checksum(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def wanted():
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=TREE, check=True,
                            stdout=subprocess.PIPE, encoding="utf-8").stdout
    return {name for name in listed.split("\0") if name and os.path.lexists(os.path.join(TREE, name))}


def look(path, folder):
    with tarfile.open(path) as tar:
        members = tar.getmembers()
        top = os.path.basename(path).removesuffix(".tar.gz")
        names = [member.name.removeprefix(top + "/") for member in members]
        none("it has the files of the tree and no others", sorted(set(names) ^ wanted()))
        none("they are in order, of root, with one time and plain modes", [
            member.name for member in members if (member.uid, member.gid, member.mtime) != (0, 0, members[0].mtime)
            or member.mode not in (0o644, 0o755, 0o777)] or ([] if names == sorted(names, key=os.fsencode) else ["not in order"]))
        tar.extractall(folder)
    return os.path.join(folder, top)


def main():
    if not os.path.exists(os.path.join(TREE, ".git")):
        skip("make dist", "no repository to compare with")
        return
    with tempfile.TemporaryDirectory(prefix="mxpace-dist-") as folder:
        first = dist(folder + "/1")
        second = dist(folder + "/2", TZ="Asia/Tokyo", LC_ALL="C", HOME=folder)
        if first is None or second is None:
            return
        report(checksum(first) == checksum(second), "it is the same each time")
        tree = look(first, folder)
        third = dist(folder + "/3", tree)
        report(third and checksum(first) == checksum(third), "it makes itself again, without git")
        for targets in (("all", "tests"), ("install", "DESTDIR=" + folder + "/root"), ("check", "lint", "demo", "bench")):
            result = run("make", "-n", *targets, cwd=tree)
            report(result.returncode == 0, "make has all that it needs for %s" % " ".join(targets[:2]).split(" DESTDIR")[0],
                   result.stdout.splitlines()[-5:] if result.returncode else ())


main()
done()
