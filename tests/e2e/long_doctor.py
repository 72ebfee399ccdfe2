#!/usr/bin/python3
"""The doctor, as test_doctor.py has it, with every fault, not only the first of each check."""
import sys

import tap
import test_doctor

if __name__ == "__main__":
    if sys.argv[1:] != ["doctor"]:
        print("doctor")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_doctor")
    test_doctor.EVERY = True
    test_doctor.main()
