#!/usr/bin/python3
"""What mxpolicyd tells while mail goes out by Postfix; the dashboard and the alerts name figures, labels and values that
it really tells; promtool takes the alerts, if it is installed."""
import json
import re
import shutil
import urllib.request

import prometheus
import tap
import world
from fleet import Fleet, rule, site
from ndr import notice
from process import PATIENCE, wait_for
from tap import case, check, equal, skip

FILES = ("conf/grafana-dashboard.json", "conf/prometheus-alerts.yml")
FOREIGN = {"instance", "job"}  # labels that Prometheus adds
CONNECTIONS, COUNT = 2, 30


def expressions(path):
    """All of a file's."""
    with open(world.TREE + "/" + path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".json"):
        dashboard = json.loads(text)
        found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
        return found + [v["query"]["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    return [re.sub(r"\s+", " ", e) for e in re.findall(r"^ +expr: (?:>-\n)?((?:.*\n)+?)(?= +(?:for|labels):)", text, re.M)]


def selectors(expression):
    """(metric, [(label, operator, value)])"""
    for name, labels in re.findall(r"\b((?:mxpace|process)_\w+)(?:\{([^}]*)\})?", expression):
        yield name, re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', labels)


def wrong(samples, name, labels):
    """Why a selector finds nothing; None: it finds something."""
    series = [dict(pairs) for metric, pairs in samples if metric == name]
    if not series:
        return "no figure " + name
    for label, operator, value in labels:
        if label in FOREIGN:
            continue
        values = {one.get(label) for one in series}
        for wanted in value.split("|") if operator == "=~" else [value]:
            if wanted not in values:
                return '%s has no %s="%s"' % (name, label, wanted)
    return None


def dashboard():
    with open(world.TREE + "/" + FILES[0], encoding="utf-8") as f:
        panels = [p for p in json.load(f)["panels"] if p["type"] != "row"]
    with case("the dashboard: panels have ids and titles of their own, and words of what they show"):
        for key in ("id", "title"):
            equal(len({p[key] for p in panels}), len(panels), key)
        equal([p["title"] for p in panels if not p.get("description") or not p["targets"]], [])
    with case("... and do not lie upon each other"):
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            check(not cells & taken and at["x"] + at["w"] <= 24, panel["title"])
            taken |= cells


def scrape(f):
    with f.node("a").network, urllib.request.urlopen("http://127.0.0.1:9925/metrics", timeout=10 * PATIENCE) as answer:
        return prometheus.parse(answer.read().decode("utf-8"))[0]


def of_lane(samples, name, **labels):
    """The one figure of the lane; None: there is none."""
    found = [value for (metric, pairs), value in samples.items()
             if metric == name and {"group": "crowded", **labels}.items() <= dict(pairs).items()]
    check(len(found) <= 1, "%s: %r" % (name, found))
    return found[0] if found else None


def mail(f):
    """Some goes out, slowly, and one comes back."""
    with case("while mail waits: connections, waiting deliveries and limits of the group are told"):
        equal(f.mxbounce(notice("gone@crowded.test")).returncode, 0)
        f.start()
        f.queue_up(f.sites["crowded"].recipients(COUNT))
        samples = wait_for(lambda: (of_lane(one := scrape(f), "mxpace_lane_slots") == CONNECTIONS
                                    and of_lane(one, "mxpace_lane_waiting") and one), "deliveries to wait", every=0.05)
        equal(of_lane(samples, "mxpace_lane_slots_limit"), CONNECTIONS)
        equal(of_lane(samples, "mxpace_lane_messages_limit", period="1h"), 1000)
        check(samples["mxpace_deliveries_waiting", (("for", "slot"),)] > 0, "none waits for a connection")
        equal(of_lane(samples, "mxpace_lane_oldest_wait_seconds"), samples["mxpace_oldest_wait_seconds", ()])
        equal(samples["mxpace_lanes_left_out", ()], 0)
    f.wait_messages(COUNT)
    with case("... and when it is gone: all of it, how long it waited, nothing that waits"):
        samples = wait_for(lambda: (of_lane(one := scrape(f), "mxpace_lane_recipients_total", result="delivered") == COUNT
                                    and one), "the last status", every=0.05)
        equal(of_lane(samples, "mxpace_lane_messages_total"), COUNT)
        equal(of_lane(samples, "mxpace_lane_messages_used", period="1h"), COUNT)
        equal(of_lane(samples, "mxpace_lane_waiting"), 0)
        equal(samples["mxpace_oldest_wait_seconds", ()], 0)
        check(samples["mxpace_wait_seconds_count", (("for", "slot"),)] >= COUNT, "each delivery has waited, if for nothing")
        check(samples["mxpace_wait_seconds_count", (("for", "message"),)] >= COUNT, "the same of messages")
        check(samples["mxpace_lookup_hold_seconds_count", ()] > 0 < samples["mxpace_lookup_hold_seconds_sum", ()], "no hold")
    with case("what came back is told of the whole fleet"):
        key = ("mxpace_fleet_bounces_total", (("outcome", "quarantined"), ("reason", "user_unknown")))
        samples = wait_for(lambda: (one := scrape(f)).get(key) and one, "the fleet's figures to be read", 20, every=0.1)
        equal(samples[key], 1)
        equal(samples["mxpace_fleet_quarantine_addresses", (("ends", "by_removal"),)], 1)
        check(0 <= samples["mxpace_fleet_age_seconds", ()] <= 20 * PATIENCE, "old figures")
    with case("the process: its own figures"):
        check(samples["process_open_fds", ()] > 5 < samples["process_max_fds", ()], "files")
        check(samples["process_resident_memory_bytes", ()] > 1e6 < samples["process_virtual_memory_bytes", ()], "memory")
    return samples


def run(f):
    samples = mail(f)
    with case("the test finds what is wrong"):
        equal(wrong(samples, "mxpace_nothing", []), "no figure mxpace_nothing")
        check(wrong(samples, "mxpace_decisions_total", [("verdict", "=~", "defer|deny")]), "a value that there is not")
        check(wrong(samples, "mxpace_decisions_total", [("result", "=", "defer")]), "a label that there is not")
    for path in FILES:
        with case(path + ": every figure, label and value is told"):
            found = [selector for expression in expressions(path) for selector in selectors(expression)]
            check(len(found) >= 12, "only %d were found" % len(found))
            equal(sorted({why for why in (wrong(samples, *selector) for selector in found) if why}), [])
    dashboard()
    with open(world.TREE + "/" + FILES[1], encoding="utf-8") as file:
        alerts = file.read()
    with case("every alert says what to do"):
        equal(len(re.findall(r"^ +action: \"", alerts, re.M)), len(re.findall(r"^ +- alert: Mxpace", alerts, re.M)))
    if shutil.which("promtool"):
        with case("promtool takes the alerts"):
            done = f.run("promtool", "check", "rules", world.TREE + "/" + FILES[1])
            equal(done.returncode, 0, done.stdout + done.stderr)
    else:
        skip("promtool takes the alerts", "no promtool: apt-get install prometheus")


if __name__ == "__main__":
    tap.main(run, kind=Fleet, sites=[site("crowded", data_s=0.2)], nodes=1,
             rules=[rule("crowded", connections=CONNECTIONS, limits=["1000/1h"])])
