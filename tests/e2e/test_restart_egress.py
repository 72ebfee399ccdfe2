#!/usr/bin/python3
"""Mail goes out, and waits for its turn, while mxpolicyd is restarted as systemd does it: Postfix does not notice, and no
limit is exceeded. long_restarts.py does it a hundred times."""
import restarts
import tap
from fleet import Fleet

if __name__ == "__main__":
    tap.main(lambda f: restarts.egress(f, 4, restarts.by_systemd), kind=Fleet, **restarts.EGRESS_FLEET)
