"""What the checks of this folder share: the tree's files, and TAP on stdout."""
import os
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = ("lib", "policyd", "bounce-pipe", "ctl")
TEST_SOURCES = ("tests/unit", "tests/lua", "tests/fuzz", "tests/bench")
# Bytes of others, or made on purpose to be odd.
DATA = ("tests/corpus/", "tests/messages/", "tests/fuzz/seeds/", "tests/fuzz/crashes/")
LEFT_OUT = {".git", "build", "__pycache__"}

_count = _failed = 0


def report(passed, label, comments=()):
    global _count, _failed
    _count += 1
    _failed += not passed
    print("%sok %d - %s" % ("" if passed else "not ", _count, label))
    for comment in comments:
        print("#   %s" % comment)


def none(label, problems):
    """One test: there is none of these."""
    report(not problems, label, problems)


def skip(label, why):
    global _count
    _count += 1
    print("ok %d - %s # SKIP %s" % (_count, label, why))


def done():
    print("1..%d" % _count)
    sys.exit(1 if _failed else 0)


def files():
    """Every file of the project, as a path from its top."""
    for folder, names, found in os.walk(TREE):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        for name in sorted(found):
            yield os.path.relpath(os.path.join(folder, name), TREE)


def is_data(path):
    return path.startswith(DATA)


def c_files(folders=SOURCES + TEST_SOURCES):
    for folder in folders:
        if os.path.isdir(os.path.join(TREE, folder)):
            for name in sorted(os.listdir(os.path.join(TREE, folder))):
                if name.endswith((".c", ".h")):
                    yield folder + "/" + name


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def exists(path):
    return os.path.exists(os.path.join(TREE, path))


def is_script(path, *interpreters):
    """Whether the first line calls one of these."""
    with open(os.path.join(TREE, path), "rb") as f:
        first = f.readline(200)
    return first.startswith(b"#!") and any(word.encode() in first for word in interpreters)
