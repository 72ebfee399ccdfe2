#!/usr/bin/python3
"""The units of systemd: no mistake in them, and no more rights than they need, as systemd-analyze judges it offline."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from _tap import TREE, done, none, read, report, skip

EXPOSURE = 1.5
UNITS = sorted(os.path.relpath(path, TREE) for kind in ("service", "socket", "timer")
               for path in glob.glob("%s/conf/*.%s" % (TREE, kind)))
PROGRAM = re.compile(r"^(Exec\w+=)(/usr/\S+)", re.M)


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, check=False)


def copies(folder):
    """The units, with a program in place of ours, which are not installed."""
    for unit in UNITS:
        path = "%s/%s" % (folder, os.path.basename(unit))
        with open(path, "w", encoding="utf-8") as f:
            f.write(PROGRAM.sub(r"\1/bin/true", read(unit)))
        yield path


if shutil.which("systemd-analyze") is None:
    skip("the units", "systemd-analyze is not installed (package systemd)")
else:
    with tempfile.TemporaryDirectory(prefix="mxpace-units-") as temporary:
        paths = list(copies(temporary))
        verified = analyze("verify", "--man=no", *paths)
        ours = [line for line in (verified.stdout + verified.stderr).splitlines()
                if temporary in line or re.search(r"\bmxp\w+", line)]
        none("systemd-analyze verify finds nothing", ours)
        report(verified.returncode == 0 or not ours, "the units can be loaded", ours)
        for path in paths:
            if not path.endswith(".service"):
                continue
            said = analyze("security", "--offline=true", "--no-pager", path).stdout
            figure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
            report(figure is not None and float(figure[1]) <= EXPOSURE,
                   "%s is exposed by %g at most" % (os.path.basename(path), EXPOSURE),
                   said.splitlines()[-1:] if figure is None or float(figure[1]) > EXPOSURE else ())
for unit in UNITS:
    linked = "debian/mxpace." + os.path.basename(unit)
    report(os.path.islink(os.path.join(TREE, linked)) and os.path.samefile(os.path.join(TREE, linked), os.path.join(TREE, unit)),
           "%s is the same file as %s" % (linked, unit))
done()
