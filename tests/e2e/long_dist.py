#!/usr/bin/python3
"""The tree that make dist packs is built somewhere else and tested there: what somebody has who has no repository."""
import os
import subprocess
import sys
import tarfile
import tempfile

import tap
import world
from tap import case, like


def run(*argv, cwd):
    done = subprocess.run(argv, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MXPACE_"))})
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (" ".join(argv), done.stdout[-3000:]))
    return done.stdout


def main():
    with tempfile.TemporaryDirectory(prefix="mxpace-dist-") as folder:
        with case("make dist"):
            path = run("make", "-s", "dist", "DIST=" + folder, cwd=world.TREE).split()[-1]
            with tarfile.open(path) as tar:
                tar.extractall(folder)
            tree = path.removesuffix(".tar.gz")
        with case("it builds, with its tests"):
            run("make", "-s", "-j2", "all", "tests", cwd=tree)
        with case("unit tests, fuzz seeds and lint pass in it"):
            like(run("tests/run", "unit", "fuzz", "lint", cwd=tree).splitlines()[-1], r"^\d+ passed, 0 failed")
        with case("make install puts the programs and pages in place"):
            run("make", "-s", "install", "DESTDIR=" + folder + "/installed", cwd=tree)
            for name in ("usr/sbin/mxpolicyd", "usr/bin/mxctl", "usr/libexec/mxpace/mxbounce", "usr/share/man/man1/mxctl.1",
                         "etc/mxpace/mxpace.conf"):
                os.stat("%s/installed/%s" % (folder, name))


if __name__ == "__main__":
    if sys.argv[1:] != ["dist"]:
        print("dist")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_dist")
    tap.plain(main)
