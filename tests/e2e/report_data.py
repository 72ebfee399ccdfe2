"""Figures such as a month of mailing leaves in Redis, the same each time: 8 providers, 12 campaigns, 6 lists, 5 accounts,
a bad list, a provider that refuses for three days, and names that somebody hostile chose."""
import random
import time

PROVIDERS = {  # share of recipients, hard and soft in a thousand
    "google": (0.41, 4, 3), "microsoft": (0.22, 7, 6), "yahoo": (0.12, 6, 5), "apple": (0.08, 3, 2),
    "gmx-net": (0.06, 9, 4), "web-de": (0.05, 8, 4), "libero-it": (0.03, 16, 22),
    "default/mx1.hosting.example": (0.03, 24, 14)}
CAMPAIGNS = {  # recipients a day, share of days, hard in a thousand beside the provider's, list
    "newsletter-weekly": (38000, 0.15, 0, "newsletter.shop.example"),
    "order-confirmation": (8100, 1, 0, "transactional"), "shipping-notice": (7700, 1, 0, "transactional"),
    "password-reset": (900, 1, 0, "transactional"), "spring-leads-2026": (9000, 0.1, 138, "leads.bought.example"),
    "win-back-inactive": (12000, 0.12, 52, "dormant"), "product-launch": (30000, 0.08, 1, "newsletter.shop.example"),
    "review-request": (6200, 0.95, 1, "transactional"), "wish-list-reminder": (4600, 0.8, 0, "newsletter.shop.example"),
    "loyalty-points": (6400, 0.25, 2, "members"), "survey-q4": (7800, 0.1, 6, "members"),
    "birthday-voucher": (420, 1, 1, "members")}
ACCOUNTS = {"shop.example": 0.61, "news.shop.example": 0.22, "agency-north": 0.09, "b2b.example": 0.06, "old-crm": 0.02}
HARD = {"user_unknown": 0.83, "invalid_domain": 0.06, "inactive_user": 0.11}
SOFT = {"mailbox_full": 0.55, "unreachable": 0.3, "message_too_large": 0.05, "not_connected": 0.1}
TEXTS = {
    "user_unknown": ("550 5.1.1 <address>: Recipient address rejected: User unknown in virtual mailbox table",
                     "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
                     "recipient's email address for typos or unnecessary spaces. <url> <id> - gsmtp",
                     "550 5.5.0 Requested action not taken: mailbox unavailable (<id>). [<host> <date> <id>]"),
    "refused": ("421 4.7.0 [TSS04] Messages from <ip> temporarily deferred due to unexpected volume or user complaints - "
                "<number>; see <url>",),
    "mailbox_full": ("452 4.2.2 The recipient's inbox is out of storage space. <url> <id> - gsmtp",
                     "552 5.2.2 <address>: mailbox is over quota"),
    "inactive_user": ("550 5.2.1 The email account that you tried to reach is inactive. <url> <id> - gsmtp",),
    "unreachable": ("451 4.4.0 Temporary lookup failure for <host>", "connect to <host>[<ip>]:25: Connection timed out"),
    "invalid_domain": ("Host or domain name not found. Name service error for name=<host> type=MX: Host not found",)}
HOSTILE = {
    "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>": "markup",
    "\"' onmouseover='document.title=1' style=\"background:url(http://evil.example/)": "quotes",
    "\u202eevil\u2066 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627": "RTL",
    "bell\x07 escape\x1b[31m del\x7f c1\u0085": "controls",
    "</style></title><svg onload=alert(1)>]]>&amp;&#x3c;": "ends of elements",
    "=HYPERLINK(\"http://evil.example/\",\"click\"),+1": "a formula",
    "x" * 120: "length"}


def encode(name):
    raw = name.encode("utf-8", "surrogateescape")
    return "".join(chr(b) if 0x21 <= b <= 0x7e and b not in b"{}%" else "%%%02X" % b for b in raw)


def add(counts, field, n):
    if n > 0:
        counts[field] = counts.get(field, 0) + n


def about(rng, mean):
    """A whole number near it, as chance would have it."""
    return max(0, int(rng.gauss(mean, mean ** 0.5) + rng.random()))


def split(rng, counts, total, shares, prefix):
    for name, share in shares.items():
        add(counts, prefix + name, about(rng, total * share))


def mailing(rng, recipients, day, days, bad):
    """The statistics of one sender and day."""
    counts = {}
    trouble = days - 14 <= day <= days - 12
    for group, (share, hard, soft) in PROVIDERS.items():
        sent = about(rng, recipients * share)
        gone, later = about(rng, sent * (hard + bad) / 1000), about(rng, sent * soft / 1000)
        refused = about(rng, sent * 0.09) if group == "yahoo" and trouble else about(rng, sent * 0.0006)
        for field, n in (("sent", sent), ("hard", gone), ("soft", later), ("refused", refused), ("reason:refused", refused),
                         ("group:%s:sent" % group, sent), ("group:%s:hard" % group, gone),
                         ("group:%s:soft" % group, later + refused)):
            add(counts, field, n)
    split(rng, counts, counts.get("hard", 0), HARD, "reason:")
    split(rng, counts, counts.get("soft", 0), SOFT, "reason:")
    add(counts, "complaint", about(rng, recipients * (0.0016 if bad > 100 else 0.0003)))
    add(counts, "delivered", counts.get("sent", 0) - counts.get("hard", 0) - counts.get("soft", 0))
    return counts


def merge(into, counts):
    for field, n in counts.items():
        add(into, field, n)


def days_of(days, seed=5):
    """For each day from the oldest: {(kind, name): counts}."""
    rng = random.Random(seed)
    for day in range(days):
        senders = {}
        for name, (recipients, often, bad, of_list) in CAMPAIGNS.items():
            if rng.random() > often and (name != "spring-leads-2026" or day not in (days - 9, days - 8, days - 2)):
                continue
            weekend = 0.6 if day % 7 in (5, 6) else 1
            counts = mailing(rng, recipients * weekend * rng.uniform(0.85, 1.1), day, days, bad)
            merge(senders.setdefault(("c", name), {}), counts)
            merge(senders.setdefault(("l", of_list), {}), counts)
            account = "agency-north" if bad > 100 else rng.choices(list(ACCOUNTS), list(ACCOUNTS.values()))[0]
            merge(senders.setdefault(("a", account), {}), counts)
        yield senders


def stamp(at, form):
    return time.strftime(form, time.gmtime(at))


def put(cmd, key, counts):
    if counts:
        cmd("HSET", key, *[word for pair in counts.items() for word in pair])


def fill(cmd, now, days=30, hostile=()):
    """cmd("HSET", ...) writes to Redis. Twice the days, so that there is a time before."""
    indexes = {"a": "mxpace:accounts", "c": "mxpace:campaigns", "l": "mxpace:lists"}
    rng = random.Random(7)
    for i, senders in enumerate(days_of(2 * days)):
        at = now - (2 * days - 1 - i) * 86400
        for name in hostile:
            if i >= 2 * days - 3:
                senders["c", name] = mailing(rng, 800, i, 2 * days, 110)
        texts = {}
        for (kind, name), counts in senders.items():
            put(cmd, "mxpace:{%s:%s}:stats:%s" % (kind, encode(name), stamp(at, "%Y%m%d")), counts)
            cmd("ZADD", indexes[kind], int(at), encode(name))
            if i >= 2 * days - 2:
                hours = {f: n // 12 for f, n in counts.items()}
                for hour in range(8, 20):
                    put(cmd, "mxpace:{%s:%s}:stats:%s%02d" % (kind, encode(name), stamp(at, "%Y%m%d"), hour), hours)
            for reason, forms in TEXTS.items() if kind == "a" else ():
                for k, form in enumerate(forms):
                    add(texts, "%s %s" % (reason, form), counts.get("reason:" + reason, 0) * (3 - k) // 6)
        for text, n in texts.items():
            cmd("ZADD", "mxpace:texts:" + stamp(at, "%Y%m%d"), n, text)
    cmd("HSET", "mxpace:{a:agency-north}", "state", "suspended", "since", int(now - 3600), "why", "hard bounces")
