#!/usr/bin/python3
"""make install below another prefix: every unit, page and example names our programs and documents where they are then."""
import os
import re
import subprocess
import tempfile

from _tap import TREE, done, none, report, skip

BUILD = os.path.join(TREE, os.environ.get("MXPACE_BUILD", "build/release"))
PREFIX = "/opt/mx"
PROGRAMS = ("sbin/mxpolicyd", "bin/mxctl", "libexec/mxpace/mxbounce")
ELSEWHERE = re.compile(r"/usr/(?:sbin/mxpolicyd|bin/mxctl|libexec/mxpace|share/doc/mxpace)")
OURS = re.compile(re.escape(PREFIX) + r"/(?:sbin/mxpolicyd|bin/mxctl|libexec/mxpace/mxbounce|share/doc/mxpace/[\w-]+)")


def install(folder):
    """What is already built is installed, nothing is made."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(["make", "-s", "-o", "all", "install", "B=" + BUILD, "DESTDIR=" + folder, "prefix=" + PREFIX], cwd=TREE,
                          env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")


def texts(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                data = f.read()
            if not data.startswith(b"\x7fELF"):
                yield os.path.relpath(os.path.join(where, name), folder), data.decode()


def main():
    if not all(os.path.exists(os.path.join(BUILD, os.path.basename(program))) for program in PROGRAMS):
        skip("make install", "nothing is built in " + BUILD)
        return
    with tempfile.TemporaryDirectory(prefix="mxpace-install-") as folder:
        result = install(folder)
        report(result.returncode == 0, "make install prefix=%s" % PREFIX, result.stdout.splitlines()[-5:] if result.returncode else ())
        none("the programs are there and may be run", [program for program in PROGRAMS
                                                       if not os.access(folder + PREFIX + "/" + program, os.X_OK)])
        found = dict(texts(folder))
        none("nothing names them below /usr", ["%s: %s" % (path, match[0]) for path, text in found.items()
                                               for match in ELSEWHERE.finditer(text)])
        named = {match for text in found.values() for match in OURS.findall(text)}
        none("what is named is installed", sorted(path for path in named if not os.path.exists(folder + path)))
        report(len(named) >= len(PROGRAMS), "all programs are named", sorted(named))


main()
done()
