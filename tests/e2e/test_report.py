#!/usr/bin/python3
"""mxctl report: its figures are those that were counted, in each form; hostile names stay text; the HTML needs nothing
but itself."""
import csv
import html.parser
import io
import json
import os
import re
import subprocess
import xml.etree.ElementTree

import report_data
import tap
import world
from process import wait_for
from tap import case, check, equal, like

DONE, NO, USAGE, AWAY = 0, 1, 2, 3
DAYS = 30
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "div", "p", "span", "b",
            "i", "h1", "h2", "bdi", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "svg",
            "g", "rect", "line", "text"}
ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "class", "data-label", "aria-label", "aria-hidden", "role",
              "xmlns", "viewbox", "preserveaspectratio", "x", "y", "x1", "x2", "y1", "y2", "width", "height"}


class Page(html.parser.HTMLParser):
    """What a browser would make of it: elements, attributes and the text within <bdi>."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.names, self._in_name = set(), set(), [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "bdi":
            self.names.append("")
        self._in_name = tag == "bdi"

    def handle_endtag(self, tag):
        self._in_name = False

    def handle_data(self, data):
        if self._in_name:
            self.names[-1] += data


def expected():
    """{(kind, name): counts} of the last 30 days, and the total."""
    senders, total = {}, {}
    for day, of_day in enumerate(report_data.days_of(2 * DAYS)):
        for key, counts in of_day.items() if day >= DAYS else ():
            report_data.merge(senders.setdefault(key, {}), counts)
            if key[0] == "a":
                report_data.merge(total, counts)
    return senders, total


def report(w, *args, rc=DONE):
    done = w.mxctl("report", *args)
    equal(done.returncode, rc, done.stderr)
    return done.stdout


def as_json(w, *args):
    return json.loads(report(w, "--format", "json", *args))


def clean(name):
    """As people may see it."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", "?", name)


def figures(w):
    senders, total = expected()
    with case("JSON: the total, the time before and each day are what was counted"):
        found = as_json(w, "--since", "30d")
        for field in ("sent", "hard", "soft", "refused", "complaint"):
            equal(found["total"][field], total[field], field)
            equal(sum(point[field] for point in found["points"]), total[field], field)
        equal(len(found["points"]), DAYS)
        check(found["before"]["sent"] > 100000, found["before"])
    with case("JSON: each campaign, list and account, reason and MX group likewise"):
        for table, kind in (("campaigns", "c"), ("lists", "l"), ("accounts", "a")):
            rows = {row["name"]: row for row in found[table]}
            for (of_kind, name), counts in senders.items():
                if of_kind == kind:
                    equal(rows[name]["hard"], counts.get("hard", 0), name)
                    equal(sum(rows[name]["trend"]), rows[name]["failed"], name)
        for row in found["reasons"]:
            equal(row["count"], total["reason:" + row["reason"]], row["reason"])
        for row in found["groups"]:
            equal(row["sent"], total["group:%s:sent" % row["name"]], row["name"])
    with case("the worst list and campaign are flagged and come first, a suspended account says so"):
        equal((found["campaigns"][0]["name"], found["campaigns"][0]["flag"]), ("spring-leads-2026", "harmful"))
        equal((found["lists"][0]["name"], found["lists"][0]["flag"]), ("leads.bought.example", "harmful"))
        equal(found["campaigns"][1]["flag"], "review")
        check(all(row["flag"] == "" for row in found["campaigns"][2:]), found["campaigns"])
        equal([row["state"] for row in found["accounts"] if row["name"] == "agency-north"], ["suspended"])
    with case("diagnostics, most frequent first"):
        counts = [row["count"] for row in found["diagnostics"]]
        equal(counts, sorted(counts, reverse=True))
        check(found["diagnostics"][0]["text"].startswith("550 5.1.1 <address>"), found["diagnostics"][0])
        equal(len(found["diagnostics"][0]["trend"]), DAYS)
    for option, key in (("--campaign", ("c", "loyalty-points")), ("--list", ("l", "members")),
                        ("--account", ("a", "shop.example"))):
        with case("%s: one alone" % option):
            equal(as_json(w, option, key[1], "--since", "30d")["total"]["hard"], senders[key]["hard"])
    with case("--group: what went there, and whose it was"):
        found = as_json(w, "--group", "google", "--since", "30d")
        equal(found["total"]["hard"], total["group:google:hard"])
        equal(found["campaigns"][0]["name"], "spring-leads-2026")


def forms(w):
    with case("text: 80 columns, the worst by name"):
        text = report(w, "--since", "30d")
        check(max(map(len, text.splitlines())) <= 80, max(text.splitlines(), key=len))
        like(text, r"\n  spring-leads-2026 .*\n    !! harmful: hard bounces\n")
    with case("a day comes by the hour, a week by the day, and a time between two days"):
        equal(as_json(w, "--since", "24h")["step"], "hour")
        equal(len(as_json(w, "--since", "24h")["points"]), 24)
        equal((as_json(w)["step"], len(as_json(w)["points"])), ("day", 7))
        first = as_json(w, "--since", "30d")["points"][3]
        day = first["from"][:10]
        found = as_json(w, "--since", day, "--until", day)
        equal(found["total"]["sent"], first["sent"])
    for args, rc in ((("--campaign", "no-such"), NO), (("--campaign", "x", "--all"), USAGE), (("--format", "pdf"), USAGE),
                     (("--since", "yesterday"), USAGE), (("--since", "1d", "--until", "3d"), USAGE)):
        with case("exit %d: %s" % (rc, " ".join(args))):
            check(w.mxctl("report", *args).stderr != "", "it says nothing")
            report(w, *args, rc=rc)
    with case("--output: the form by the name's end, for its owner alone"):
        for name, start in (("r.html", "<!DOCTYPE html>"), ("r.csv", "of,name,sent"), ("r.json", "{"), ("r", "All mail")):
            path = os.path.join(w.root, name)
            equal(report(w, "--output", path), "")
            with open(path, encoding="utf-8") as f:
                check(f.read().startswith(start), name)
            equal(os.stat(path).st_mode & 0o777, 0o600)


def hostile(w):
    names = [clean(name) for name in report_data.HOSTILE]
    with case("HTML: hostile names are text, and nothing in it runs, loads or leads elsewhere"):
        text = report(w, "--since", "3d", "--format", "html")
        page = Page(text)
        equal(page.elements - ELEMENTS, set())
        equal(page.attributes - ATTRIBUTES, set())
        for name in names:
            check(name in page.names, "%r is not there as text" % name)
        check("url(" not in re.search("<style>(.*?)</style>", text, re.S).group(1), "the style sheet loads something")
        equal(re.findall("[\x00-\x09\x0b-\x1f\x7f]", text), [])
    with case("HTML is well-formed XML, its charts have their columns and words for who cannot see them"):
        tree = xml.etree.ElementTree.fromstring(text)
        charts = [e for e in tree.iter("{http://www.w3.org/2000/svg}svg") if e.get("class") == "chart"]
        equal(len(charts), 4)
        check(all(e.get("aria-label") and e.get("role") == "img" for e in charts), "no words")
        for chart in charts:
            equal(len(chart.findall("{http://www.w3.org/2000/svg}g")), 72)
            width, height = map(float, chart.get("viewBox").split()[2:])
            for box in chart.iter("{http://www.w3.org/2000/svg}rect"):
                x, y, wide, high = (float(box.get(k)) for k in ("x", "y", "width", "height"))
                check(0 <= x and x + wide <= width + .1 and 0 <= y and y + high <= height, "out of the drawing")
    with case("HTML knows dark, print and narrow screens"):
        for query in ("prefers-color-scheme:dark", "@media print", "max-width:640px"):
            check(query in text, query)
    with case("CSV: each name in one cell, none of them a formula"):
        rows = list(csv.reader(io.StringIO(report(w, "--since", "3d", "--format", "csv"))))
        check(all(len(row) == len(rows[0]) for row in rows), "rows of several lengths")
        check(not any(cell[:1] in tuple("=+-@") and cell for row in rows for cell in row), "a formula")
        cells = [row[1] for row in rows]
        for name in names:
            check(name in cells or "'" + name in cells, repr(name))
    with case("text: nothing that moves a terminal's cursor"):
        equal(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f]", report(w, "--since", "3d")), [])


def run(w):
    with case("nothing was ever sent: a report says so"):
        like(report(w), "Nothing was sent and nothing came back")
    now = int(w.redis.cmd("TIME")[0])
    report_data.fill(w.redis.cmd, now, DAYS)
    figures(w)
    forms(w)
    w.redis.cmd("FLUSHALL")
    report_data.fill(w.redis.cmd, now, DAYS, report_data.HOSTILE)
    hostile(w)
    with case("events: each with its fields, in words and as JSON, from an ID on"):
        event = {"type": "quarantined", "address": "ann@five.test", "text": '550 "no" \x1b[31m=x', "reason": "user_unknown"}
        ids = [w.redis.cmd("XADD", "mxpace:events", "*", *[word for pair in event.items() for word in pair])
               for _ in range(3)]
        like(w.mxctl("events").stdout, r'(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  quarantined  address=ann@five.test '
             r'text="550 \\"no\\" \?\[31m=x" reason=user_unknown$')
        lines = [json.loads(line) for line in w.mxctl("--json", "events", "--since", ids[0]).stdout.splitlines()]
        equal([line["id"] for line in lines], ids[1:])
        equal(lines[0]["text"], '550 "no" ?[31m=x')
        equal(w.mxctl("events", "--since", "nonsense").returncode, USAGE)
    with case("events --follow: shows what comes, while it comes"):
        follower = subprocess.Popen([w.binary("mxctl"), "-c", world.CONF, "events", "--follow", "--for", "60s", "--json"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        sent = w.redis.cmd("XADD", "mxpace:events", "*", "type", "first")
        found = json.loads(follower.stdout.readline())
        while found["type"] != "first":  # of the second that it began in
            found = json.loads(follower.stdout.readline())
        equal(found["id"], sent)
        w.redis.kill()
        like(follower.stderr.readline().decode(), "waiting for it")
        w.redis.start()
        wait_for(lambda: w.redis.cmd("CLIENT", "LIST").count("cmd=xread"), "mxctl to be back")
        w.redis.cmd("XADD", "mxpace:events", "*", "type", "second")
        equal(json.loads(follower.stdout.readline())["type"], "second")
        follower.kill()
        follower.wait()
    with case("Redis away: 3"):
        w.redis.kill()
        report(w, rc=AWAY)
        w.redis.start()


if __name__ == "__main__":
    tap.main(run)
