#!/usr/bin/python3
"""clang-format would change nothing (make format does what it would)."""
import re
import subprocess

from _tap import SOURCES, TEST_SOURCES, TREE, c_files, done, none

for folder in SOURCES + TEST_SOURCES:
    paths = list(c_files((folder,)))
    if not paths:
        continue
    result = subprocess.run(["clang-format", "--dry-run", *paths], cwd=TREE, check=False, stderr=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, encoding="utf-8")
    lines = {}
    for path, line in re.findall(r"^([^:\s]+):(\d+):\d+: warning: code should be clang-formatted", result.stderr, re.M):
        lines.setdefault(path, []).append(line)
    problems = ["%s: lines %s" % (path, " ".join(sorted(set(found), key=int)[:20])) for path, found in lines.items()]
    if result.returncode != 0 and not problems:
        problems = result.stderr.splitlines()
    none("%s is formatted" % folder, problems)
done()
