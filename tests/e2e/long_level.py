#!/usr/bin/python3
"""Levels, as test_level.py has them, and by the clock: a whole fleet follows within one second. The machine must not be
starved, so it is no part of make check."""
import sys

import tap
import test_level

if __name__ == "__main__":
    if sys.argv[1:] != ["level"]:
        print("level")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_level")
    test_level.FOLLOWS_S = 1.0
    test_level.main()
