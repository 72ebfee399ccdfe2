#!/usr/bin/python3
"""Every line that an administrator may find in a log stands under DIAGNOSTICS of the program's page, and so do the words with
which mail waits; and what stands there is still said."""
import re

from _tap import c_files, done, none, read, report

# Whose lines are on which page. Those of lib/ are everybody's.
PAGES = {"man/mxpolicyd.8": "policyd", "man/mxbounce.8": "bounce-pipe"}
# Where words for the queue of Postfix are made.
QUEUE_WORDS = ("policyd/budget.c", "policyd/delivery_hold.c", "policyd/delivery_turn.c", "policyd/message_question.c",
               "policyd/route_decide.c", "policyd/slot_question.c", "policyd/slots.c")
# What of mxctl units of systemd run: what they complain of stands in the journal.
UNATTENDED = ("ctl/notify.c", "ctl/alert_post.c", "ctl/rules_update.c", "ctl/rules_change.c", "ctl/rules_install.c",
              "ctl/rules_offer.c")
# Events whose name is made of a verdict: the tables of those names, and those that nobody is told of.
NEEDS = {"needs_mx", "needs_store", "needs_lanes"}
VERDICTS = {"policyd/decide.c": {"pass"} | NEEDS, "policyd/route_decide.c": {"leave", "send"} | NEEDS}

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
LITERALS = r'(?:"(?:[^"\\\n]|\\.)*"(?:\s|PRI\w+|[A-Z]+_VERSION)*)+'
PLAIN_CALL = re.compile(r"\blog_(?:info|warning|error)\(\s*(%s)" % LITERALS)
COMPLAINT = re.compile(r"\b(?:ctl_complain\([^,]+|err_set\(\w+),\s*(?:[^\";?]*\?\s*)?(%s)" % LITERALS)
# What is before the fields has the name: log_event(level, NAME, fields ...), log_line_format(out, NAME, fields ...).
EVENT_CALL = re.compile(r"\b(?:log_event|log_always|log_line_format)\(([^;]*)\);")
# Events named by a member that is set elsewhere in the program, and by a table of another module.
WHY = re.compile(r'(?:\bwhy = |\breturn )"(\w+ \w[^"]+)"(?!;\n\t+return TRUST_(?!NONE))')
NAMED = {"bounce-pipe": re.compile(r'\bwhat = "(\w+)"')}
FIELD = re.compile(r'^\t\t\{ "(\w+)", [^\n]*?LOG_(?:SAME|DETAIL|ADDRESS)', re.M)


def plain(text):
    """The words of a piece of mdoc, macros taken off."""
    lines = []
    for line in text.splitlines():
        if line.startswith("."):
            line = " ".join(word for word in line[1:].split() if not re.fullmatch(r"[A-Z][a-z]", word))
        lines.append(line)
    text = " ".join(lines).replace("\\(dq", '"').replace("\\&", "").replace("\\e", "\\").replace("\\\\", "\\")
    return re.sub(r"\s+", " ", re.sub(r"\\+&", "", text))


def section(page):
    found = re.search(r"^\.Sh DIAGNOSTICS\n(.*?)^\.Sh ", read(page), re.S | re.M)
    return found[1] if found else ""


def runs(literals, least):
    """The runs of at least so many words in string literals, between conversions, "=" and Postfix's codes."""
    text = "".join(STRING.findall(re.sub(r"PRI\w+", '"%d"', literals))).replace('\\"', '"')
    for words in re.split(r"%[-.*0-9]*(?:ll|z|l)?[a-zA-Z]|=<?|\w+:\d\.\d\.\d+ mxpace:", text):
        words = re.sub(r"\s+", " ", words).strip(' :;,<>()"%')
        if words.count(" ") + 1 >= least:
            yield words


def sources(*folders):
    return [path for path in c_files(folders) if path.endswith(".c")]


def words_logged(folder):
    for path in sources(folder):
        for literals in PLAIN_CALL.findall(read(path)):
            for words in runs(literals, 2):
                yield path, words
        if folder in NAMED:
            yield from ((path, words) for words in WHY.findall(read(path)))


def events_logged(folder):
    """(file, name of an event), as they begin a line."""
    for path in sources(folder):
        for call in EVENT_CALL.findall(read(path)):
            name = call.split(", fields")[0]
            for literal in STRING.findall(name):
                yield path, literal
        if folder in NAMED:
            yield from ((path, name) for name in NAMED[folder].findall(read(path)))
    for path, silent in VERDICTS.items():
        if path.startswith(folder + "/"):
            for name in re.findall(r'^\t\[(?:VERDICT|ROUTE)_\w+\] = "(\w+)"', read(path), re.M):
                if name not in silent:
                    yield path, name


def fields_logged(folder):
    """(file, name of a field) of events; what traces show is for who has asked for it."""
    for path in sources(folder):
        text = read(path)
        if EVENT_CALL.search(text):
            for function in re.split(r"^\}\n", text, flags=re.M):
                if EVENT_CALL.search(function) and "trace_say" not in function:
                    for name in FIELD.findall(function):
                        yield path, name


def missing(found, is_there):
    return sorted({"%s: %s" % row for row in found if not is_there(row[1])})


def page_has(page, folder):
    text = plain(section(page))
    heads = [plain("." + head) for head in re.findall(r"^\.(It .*)", section(page), re.M)]
    words, events, fields = list(words_logged(folder)), list(events_logged(folder)), list(fields_logged(folder))
    report(bool(words), "the lines of %s can be read" % folder)
    none("%s has the words of every line in the log" % page, missing(words, lambda said: said in text))
    none("%s has every event" % page, missing(events, lambda name: any(
        part.strip().startswith(name) for head in heads for part in head.split(" , "))
        or re.search(r"^\.Dq %s\b" % name, section(page), re.M)))
    none("%s has every field of an event" % page, missing(fields, lambda name: name + "=" in text))


def still_said(page):
    """Of each entry the runs of three words or more stand in a string of the sources."""
    said = re.sub(r"\s+", " ", " ".join(
        "".join(STRING.findall(literals)) for path in sources("lib", "policyd", "bounce-pipe", "ctl")
        for literals in re.findall(LITERALS, read(path)))).replace('\\"', '"')
    said = re.sub(r"%[-.*0-9]*(?:ll|z|l)?[a-zA-Z]|\d+", "%", said)
    gone = []
    for head in re.findall(r"^\.(It .*)", section(page), re.M):
        head = re.sub(r"\b(Ar|Pa)(?: (?!Li\b|No\b|Ns\b|,)\S+)+", "%", head).replace(" Pq ", " ( ")
        for run in re.split(r"[%:;,()=<>]|\.\.\.|\d+", plain("." + head)):
            run = run.strip(' "')
            # A word more or less at either end may come from elsewhere: "%s client closed".
            if run.count(" ") >= 2 and not any(part in said for part in (run, run.split(" ", 1)[1], run.rsplit(" ", 1)[0])):
                gone.append(run)
    none("%s has no line that nobody says any more" % page, gone)


def queue_words():
    text = plain(read("man/mxpolicyd.8"))
    found = [(path, words) for path in QUEUE_WORDS
             for literals in re.findall(LITERALS, re.sub(r"^#.*|/\*.*?\*/", "", read(path), flags=re.M))
             for words in runs(literals, 3)]
    report(len(found) > 10, "the words of mail that waits can be read")
    none("man/mxpolicyd.8 has the words of mail that waits", missing(found, lambda words: words in text))


def unattended():
    text = plain(section("man/mxctl.1"))
    found = [(path, words) for path in UNATTENDED for literals in COMPLAINT.findall(read(path)) for words in runs(literals, 3)
             if not words.startswith("--")]
    report(len(found) > 10, "what units have mxctl complain of can be read")
    none("man/mxctl.1 has what units have mxctl complain of", missing(found, lambda words: words in text))


for name, where in PAGES.items():
    page_has(name, where)
    still_said(name)
queue_words()
unattended()
done()
