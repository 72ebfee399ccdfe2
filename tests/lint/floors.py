#!/usr/bin/python3
"""Each part includes only what stands below it: the folders, the modules within one, third-party headers."""
import os
import re

from _tap import SOURCES, TEST_SOURCES, c_files, done, exists, none, read

# Who may include whose headers.
BELOW = {
    "lib": {"lib"},
    "policyd": {"lib", "policyd"},
    "bounce-pipe": {"lib", "bounce-pipe"},
    "ctl": {"lib", "policyd", "bounce-pipe", "ctl"},
    "tests": {"lib", "policyd", "bounce-pipe", "ctl", "tests"},
}
GENERATED = {"lua_scripts.inc": "lib"}

# A third-party header, and the modules that may know of it. A new library is a new row.
THIRD_PARTY = (
    (r"ares\w*\.h", r"policyd/resolver"),
    (r"libconfig\.h", r"lib/conf|bounce-pipe/late"),
    (r"pcre2\.h", r"lib/pattern"),
    (r"hiredis/.*", r"lib/store_\w+"),
    (r"event2/.*", r"lib/store_(async|link)|policyd/\w+|ctl/(mx_ask|dns_ask)"),
    (r"uthash\.h", r"lib/log_repeat|policyd/\w+|ctl/(report_model|tally|log_senders)"),
    (r"systemd/sd-daemon\.h", r"policyd/service"),
    (r"sodium\.h", r"ctl/minisign"),
    (r"jansson\.h", r"ctl/bundle"),
    (r"curl/curl\.h", r"ctl/fetch"),
    (r"cmocka\.h", r"tests/.*"),
)
# The ground: C11, POSIX, and what Linux and glibc add.
GROUND = re.compile(
    r"(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|"
    r"stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|threads|time|uchar|wchar|wctype|"
    r"dirent|dlfcn|fcntl|fnmatch|ftw|getopt|glob|grp|iconv|ifaddrs|langinfo|libgen|netdb|poll|pthread|pwd|regex|sched|"
    r"semaphore|spawn|strings|syslog|sysexits|termios|unistd|utime|wordexp|endian|execinfo|malloc|"
    r"(sys|net|netinet|arpa|linux)/\w+)\.h")

# Modules that turn values into values: no event, no socket, no clock, no log, no store behind them.
PURE = {
    "lib": {"addr", "arena", "blake2b", "domain", "dsn", "duration", "err", "histogram", "json", "keys", "limit", "log_line", "log_repeat", "mx_set", "pack", "pattern", "promptness",
            "quarantine", "reason", "return_path", "script", "sender", "sender_identity", "span", "store", "store_address", "store_backoff", "store_batch",
            "store_egress", "store_fleet", "store_limits", "store_quarantine", "store_reply", "store_rules", "store_sender", "store_trace", "str", "trace_pattern", "transports", "utf8", "verp_sign", "warmup"},
    "policyd": {"decide", "dns_record", "http", "intake", "ledger", "local", "metrics_text", "mxwire", "next_hop", "policy", "route_decide",
                "sending_bind", "site", "sockmap"},
    "bounce-pipe": {"auto_reply", "auto_reply_words", "charset", "charset_guess", "classify", "delivery_status",
                    "diagnostic", "evidence", "feedback", "formats", "formats_exchange", "formats_exim",
                    "formats_gateway", "formats_google", "formats_groupware", "formats_listing", "formats_mobile",
                    "formats_mta", "formats_qmail", "formats_sendmail", "formats_service", "formats_ses",
                    "formats_transcript", "header",
                    "json_value", "labels", "letters", "listing", "literals", "mime", "ndr", "notice", "notice_words", "outcome", "plain", "prefilter",
                    "remote_host", "report", "returned", "transfer", "trust", "unclassified", "verp", "xtext"},
    "ctl": {"alert", "bundle", "minisign", "rules_verdict", "alert_mail", "alert_template", "markup", "report_csv", "report_html", "report_html_tables", "report_json", "report_model", "report_style", "report_text",
            "report_words", "svg"},
}
IMPURE = re.compile(r"(event2/.*|ares.*|hiredis/async\.h|sys/socket\.h|sys/un\.h|netinet/.*|poll\.h|unistd\.h|fcntl\.h|"
                    r"time\.h|sys/time\.h|sys/stat\.h|log\.h|store_async\.h|store_sync\.h)")
# The floors within policyd, from the ground up: formats, sockets and figures; what is known, by domain, transaction, MX
# group and address; what decides; the daemon's parts together, those that pace deliveries included; one request's way;
# what a process asks; a connection, of smtpd(8) or of a map; all of them; a new
# configuration; the program.
POLICYD = (
    {"policy", "sockmap", "dns_record", "mxwire", "resolver", "network", "service", "child", "sockets", "sending", "group",
     "ledger", "site", "intake", "local", "hold", "next_hop", "warmups", "ramp_told", "http", "log_clock", "trace",
     "metrics_text", "metrics_process"},
    {"paces", "ramp", "ramp_ip", "ramp_job"},
    {"listen", "mx", "mx_cache", "returnpath", "transaction", "lane", "sending_bind", "address_table"},
    {"address_file", "decide"},
    {"addresses", "conclusion", "route_decide"},
    {"accounts", "refused_accounts", "logins", "sent_counts", "decision_log", "route_log", "delivery_log"},
    {"metrics", "metrics_lanes", "metrics_fleet", "fleet", "engine", "answers", "egress", "budget", "message", "message_question", "restore", "slots", "grant", "slot_question", "kernel_view", "open_socket",
     "offers", "backoff", "backoff_end", "route", "route_lanes", "transports_watch"},
    {"flow", "stream", "metrics_http"},
    {"conn", "delivery", "delivery_state", "delivery_hold", "delivery_turn", "delivery_outcome", "delivery_pack"},
    {"map_conn"},
    {"clients"},
    {"server", "pulse", "successor", "event_loop"},
    {"handover"},
    {"reload", "rules_watch"},
    {"main"},
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(path):
    """(where it is found or None, its name) of each #include."""
    folder = os.path.dirname(path)
    for kind, name in INCLUDE.findall(read(path)):
        if kind == "<":
            yield None, name
            continue
        for place in (folder, "") + SOURCES:
            found = os.path.normpath(os.path.join(place, name))
            if exists(found):
                yield found, name
                break
        else:
            yield GENERATED.get(name, "?") + "/" + name, name


def top(path):
    return path.split("/", 1)[0]


def module(path):
    return os.path.splitext(path)[0]


def folders():
    for folder in SOURCES + TEST_SOURCES:
        upward, unknown = [], []
        for path in c_files((folder,)):
            for found, name in includes(path):
                if found is not None and found.startswith("?"):
                    unknown.append('%s: "%s" is nowhere' % (path, name))
                elif found is not None and top(found) not in BELOW[top(path)]:
                    upward.append('%s includes "%s" of %s' % (path, name, top(found)))
        none("%s includes downwards only" % folder, upward)
        none("what %s includes is there" % folder, unknown)


def third_party():
    foreign, unknown = [], []
    for path in c_files():
        for found, name in includes(path):
            if found is not None or GROUND.fullmatch(name):
                continue
            row = next((row for row in THIRD_PARTY if re.fullmatch(row[0], name)), None)
            if row is None:
                unknown.append("%s: <%s> is in no table of %s" % (path, name, os.path.basename(__file__)))
            elif top(path) != "tests" and not re.fullmatch(row[1], module(path)):
                foreign.append("%s: <%s> belongs to %s" % (path, name, row[1]))
    none("third-party headers are known", unknown)
    none("third-party headers are included in their modules alone", foreign)


def pure():
    for folder, names in PURE.items():
        missing = ["%s/%s" % (folder, name) for name in sorted(names)
                   if not exists("%s/%s.h" % (folder, name)) and not exists("%s/%s.c" % (folder, name))]
        none("the pure modules of %s are there" % folder, missing)
        problems = []
        for path in c_files((folder,)):
            if os.path.basename(module(path)) not in names:
                continue
            for _, name in includes(path):
                if IMPURE.fullmatch(name):
                    problems.append("%s includes %s" % (path, name))
        none("the pure modules of %s know no outside world" % folder, problems)


def cycle(graph):
    """One circle in it, or []."""
    state = {}

    def visit(node, trail):
        state[node] = "open"
        for other in sorted(graph.get(node, ())):
            if state.get(other) == "open":
                return trail[trail.index(other):] + [other]
            if other not in state:
                found = visit(other, trail + [other])
                if found:
                    return found
        state[node] = "done"
        return []

    for node in sorted(graph):
        if node not in state:
            found = visit(node, [node])
            if found:
                return found
    return []


def circles():
    for folder in SOURCES:
        graph = {}
        for path in c_files((folder,)):
            if path.endswith(".h"):
                graph[path] = {found for found, _ in includes(path) if found is not None and top(found) == folder}
        circle = cycle(graph)
        none("the headers of %s include one another in no circle" % folder, [" > ".join(circle)] if circle else [])


def floors_of_policyd():
    floor = {name: number for number, names in enumerate(POLICYD) for name in names}
    homeless, upward = set(), []
    for path in c_files(("policyd",)):
        name = os.path.basename(module(path))
        if name not in floor:
            homeless.add("policyd/%s stands on no floor of %s" % (name, os.path.basename(__file__)))
            continue
        for found, _ in includes(path):
            other = os.path.basename(module(found)) if found and top(found) == "policyd" else None
            if other in floor and floor[other] > floor[name]:
                upward.append("%s includes %s" % (path, found))
    none("every module of policyd has its floor", sorted(homeless))
    none("the modules of policyd include downwards only", upward)


folders()
third_party()
pure()
circles()
floors_of_policyd()
done()
