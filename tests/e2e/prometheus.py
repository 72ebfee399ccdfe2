"""A strict reader of the Prometheus text format 0.0.4: what it takes, a scraper takes."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(r"(%s)(?:\{((?:%s)(?:,%s)*)?\})? (\S+)" % (NAME, LABEL, LABEL))
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


class Wrong(AssertionError):
    """Not in the format."""


def parse(text):
    """{(name, ((label, value), ...)): float} and {family: type}; Wrong names the line."""
    if not text.endswith("\n"):
        raise Wrong("no newline at the end")
    samples, types, helps, done, family = {}, {}, set(), set(), None
    for number, line in enumerate(text.split("\n")[:-1], 1):
        def wrong(what, at=number, it=line):
            raise Wrong("line %d: %s: %s" % (at, what, it))
        if not line:
            continue
        if line.startswith("#"):
            match = re.fullmatch(r"# (HELP|TYPE) (%s) (.+)" % NAME, line)
            if match is None:
                wrong("neither HELP nor TYPE")
            kind, name, rest = match.groups()
            if name != family:
                if family:
                    done.add(family)
                if name in done:
                    wrong("the family was there before, its lines must stand together")
                family = name
            if kind == "TYPE":
                if name in types:
                    wrong("a second TYPE")
                if rest not in TYPES:
                    wrong("unknown type")
                if any(base(n, types) == name for n, _ in samples):
                    wrong("TYPE after samples")
                types[name] = rest
            else:
                if name in helps:
                    wrong("a second HELP")
                helps.add(name)
            continue
        match = SAMPLE.fullmatch(line)
        if match is None:
            wrong("not a sample")
        name, labels, value = match[1], match[2] or "", match[7]
        if NUMBER.fullmatch(value) is None:
            wrong("not a number")
        pairs = tuple(re.findall(LABEL, labels))
        if len({k for k, _ in pairs}) != len(pairs):
            wrong("a label twice")
        if base(name, types) != family:
            wrong("a sample outside its family")
        if (name, tuple(sorted(pairs))) in samples:
            wrong("the series was there before")
        samples[name, tuple(sorted(pairs))] = float(value)
    for name in types:
        if name not in helps:
            raise Wrong("%s has no HELP" % name)
    check_histograms(samples, types)
    return samples, types


def base(name, types):
    """The family of a sample."""
    for family, kind in types.items():
        if name in [family + suffix for suffix in SUFFIXES.get(kind, ("",))]:
            return family
    return name


def check_histograms(samples, types):
    for family in (f for f, kind in types.items() if kind == "histogram"):
        series = {}
        for (name, labels), value in samples.items():
            if name == family + "_bucket":
                rest = tuple(pair for pair in labels if pair[0] != "le")
                series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
        for rest, buckets in series.items():
            buckets.sort()
            if buckets[-1][0] != float("inf"):
                raise Wrong("%s%r has no +Inf bucket" % (family, rest))
            if [v for _, v in buckets] != sorted(v for _, v in buckets):
                raise Wrong("%s%r: buckets don't add up" % (family, rest))
            if samples.get((family + "_count", rest)) != buckets[-1][1]:
                raise Wrong("%s%r: _count isn't the +Inf bucket" % (family, rest))
