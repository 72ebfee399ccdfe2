#!/usr/bin/python3
"""The HTML of mxctl report in a real browser, long_report.py NAME; without a name it lists them. It renders in light, dark
and print and in the width of a phone and a desk, asks for nothing, and what hostile names say is never done. Pictures go
to the folder MXPACE_SHOTS, if it is set. Needs chromium, which make deps does not install (300 MB): skipped without."""
import contextlib
import os
import subprocess
import sys
import tempfile

import browser
import report_data
import tap
from process import wait_for
from redis_server import Redis
from tap import case, check, comment, equal

DAYS = 30
WIDTHS = (360, 768, 1280)
# Letters that are cut off or lie over others: elements wider than the window, text wider than its drawing.
OVERFLOW = """[...document.querySelectorAll('main *')].filter(e => e.getClientRects().length
    && e.getBoundingClientRect().right > innerWidth + 0.5 && !(innerWidth <= 640 && e.closest('thead')))
    .map(e => e.tagName + '.' + (e.getAttribute('class') || '')).slice(0, 5)"""
CUT_TEXT = """[...document.querySelectorAll('svg text')].filter(e => e.getClientRects().length)
    .filter(e => { const b = e.getBoundingClientRect(), s = e.ownerSVGElement.getBoundingClientRect();
        return b.left < s.left - 1 || b.right > s.right + 1 || b.bottom > s.bottom + 1; }).map(e => e.textContent)"""
SMALL_TEXT = """[...document.querySelectorAll('svg text')].filter(e => e.getClientRects().length)
    .filter(e => e.getBoundingClientRect().height < 10).length"""
CONTRAST = """(() => {
    const rgb = c => c.match(/[\\d.]+/g).map(Number), lum = c => { const [r, g, b] = rgb(c).map(v => { v /= 255;
        return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
    const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (!/, 0\\)$/.test(c) && c != 'transparent') return c; } return 'rgb(255,255,255)'; };
    return Math.min(...[...document.querySelectorAll('h1,h2,p,dt,dd,th,td,.pill,code,bdi,b')].filter(e => e.textContent
        && e.getClientRects().length).map(e => { const a = lum(getComputedStyle(e).color), b = lum(behind(e));
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); })); })()"""


def keep(page, name):
    folder = os.environ.get("MXPACE_SHOTS")
    if folder:
        page.screenshot(os.path.join(folder, name + ".png"))


def looks(page, path):
    for width in WIDTHS:
        for dark in (False, True):
            name = "%d-%s" % (width, "dark" if dark else "light")
            with case("%d wide, %s: nothing sticks out or is cut off, letters can be read" % (
                    width, "dark" if dark else "light")):
                page.open(path, width, dark)
                equal(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True, "it scrolls sideways")
                equal(page.evaluate(OVERFLOW), [])
                equal(page.evaluate(CUT_TEXT), [])
                equal(page.evaluate(SMALL_TEXT), 0)
                contrast = page.evaluate(CONTRAST)
                comment("%s: least contrast %.1f" % (name, contrast))
                check(contrast >= 4.5, contrast)
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                check((sum(map(int, background[4:-1].split(","))) < 150) == dark, background)
                keep(page, name)
    with case("in print: light, and some pages of A4"):
        page.open(path, 794, dark=True, media="print")
        equal(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        pdf = os.path.join(os.environ.get("MXPACE_SHOTS") or os.path.dirname(path), "print.pdf")
        page.pdf(pdf)
        check(os.path.getsize(pdf) > 20000, "an empty page")


def asks_nothing(page, path):
    with case("it asks for nothing but itself, and nothing complains"):
        page.open(path, 1280)
        equal(page.requests(), ["file://" + path])
        equal(page.complaints(), [])
    with case("hostile names are text: nothing ran, and no element came of them"):
        check(page.evaluate("document.title").endswith("delivery report"), page.evaluate("document.title"))
        equal(page.evaluate("document.querySelectorAll('script,img,link,iframe,object,embed,[onload],[onmouseover],[style]')"
                            ".length"), 0)
        equal(page.evaluate("document.querySelectorAll('style').length"), 1)
        names = page.evaluate("[...document.querySelectorAll('td.name bdi')].map(e => e.textContent)")
        check(any(name.startswith("<script>document.title=") for name in names), names)
    with case("a name written from right to left turns nothing around it"):
        lefts = page.evaluate("[...document.querySelectorAll('td.name bdi')].map(e => Math.round(e.parentElement"
                              ".getBoundingClientRect().left))")
        check(len(set(lefts)) <= 3, lefts)


@contextlib.contextmanager
def redis_in(folder):
    """A redis-server that listens on a socket there alone."""
    path = os.path.join(folder, "redis.sock")
    with subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir",
                           folder], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: os.path.exists(path), "redis-server")
            yield Redis(path)
        finally:
            server.terminate()


def run():
    with tempfile.TemporaryDirectory(prefix="mxpace-report-") as folder, redis_in(folder) as redis:
        conf, path = os.path.join(folder, "mxpace.conf"), os.path.join(folder, "report.html")
        with open(conf, "w", encoding="utf-8") as f:
            f.write('redis = "unix:%s/redis.sock"; bounce_rules = ""; mx_rules_local = "";\n' % folder)
        report_data.fill(redis.cmd, int(redis.cmd("TIME")[0]), DAYS, report_data.HOSTILE)
        for since, does in (("30d", looks), ("3d", looks), ("3d", asks_nothing)):
            subprocess.run([os.path.join(os.environ.get("MXPACE_BUILD", "build/release"), "mxctl"), "-c", conf, "report",
                            "--since", since, "--output", path], check=True)
            with browser.Browser() as page:
                does(page, path)


def main():
    if sys.argv[1:] != ["report"]:
        print("report")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_report")
    if browser.find() is None:
        print("1..1\nok 1 - long_report # SKIP no chromium: apt-get install chromium")
        return
    tap.plain(run)


if __name__ == "__main__":
    main()
