#!/usr/bin/python3
"""The dashboard and the alerts name figures, labels and values that mxpolicyd really tells; promtool takes the alerts,
if it is installed."""
import json
import re
import shutil
import urllib.request

import prometheus
import tap
import world
from tap import case, check, equal

FILES = ("conf/grafana-dashboard.json", "conf/prometheus-alerts.yml")
FOREIGN = {"instance", "job"}  # labels that Prometheus adds


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
    for name, labels in re.findall(r"\b(mxpace_\w+)(?:\{([^}]*)\})?", expression):
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


def run(w):
    with w.policyd("a"):
        with urllib.request.urlopen("http://127.0.0.1:9925/metrics", timeout=10) as answer:
            samples, _ = prometheus.parse(answer.read().decode("utf-8"))
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
    with open(world.TREE + "/" + FILES[1], encoding="utf-8") as f:
        alerts = f.read()
    with case("every alert says what to do"):
        equal(len(re.findall(r"^ +action: \"", alerts, re.M)), len(re.findall(r"^ +- alert: Mxpace", alerts, re.M)))
    if shutil.which("promtool"):
        with case("promtool takes the alerts"):
            done = w.run("promtool", "check", "rules", world.TREE + "/" + FILES[1])
            equal(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    tap.main(run)
