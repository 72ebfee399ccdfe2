"""Returned messages, written as Postfix 3.7 writes them."""
import itertools
import time
from email.utils import formatdate

from world import HOSTNAMES, RETURN_PATH

_numbers = itertools.count(1)

LOCAL = "Received: by {host} (Postfix)\n\tid {queue_id}; {date}\n"
NOTICE = """\
{received}Date: {date}
From: MAILER-DAEMON@{host} (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="{queue_id}.1795318931/{host}"
Message-Id: <20261122034211.{queue_id}@{host}>

This is a MIME-encapsulated message.

--{queue_id}.1795318931/{host}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {host}.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<{recipient}>: host {mx}[127.0.2.1] said: {reply}
    (in reply to RCPT TO command)

--{queue_id}.1795318931/{host}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}
X-Postfix-Queue-ID: {queue_id}
X-Postfix-Sender: rfc822; {to}
Arrival-Date: {date}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; {mx}
Diagnostic-Code: smtp; {reply}

--{queue_id}.1795318931/{host}
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <{to}>
Received: from client.test (localhost [127.0.0.1])
\tby {host} (Postfix) with ESMTP id {queue_id}
\tfor <{recipient}>; Sun, 22 Nov 2026 03:42:10 +0000 (UTC)
Message-Id: <order-{queue_id}@shop.test>
X-Campaign: autumn
List-Id: <weekly.shop.test>
From: <news@shop.test>
Subject: News

{body}

--{queue_id}.1795318931/{host}--
"""

USER_UNKNOWN = {"status": "5.1.1", "reply": "550 5.1.1 <{recipient}> User unknown"}
MAILBOX_FULL = {"status": "5.2.2", "reply": "552 5.2.2 <{recipient}> Mailbox full"}


def notice(recipient, kind=None, to=RETURN_PATH, mx="mx1.hard.test", action="failed", local=True, body="Hello",
           days_ago=0):
    """One about a message of its own each time; local: as bounce(8) hands it to pipe(8), with its Received field."""
    kind = kind or USER_UNKNOWN
    facts = {"recipient": recipient, "to": to, "mx": mx, "action": action, "body": body, "host": HOSTNAMES["a"],
             "queue_id": "4Zx%07X" % next(_numbers), "status": kind["status"],
             "reply": kind["reply"].format(recipient=recipient),
             "date": formatdate(time.time() - days_ago * 86400)}
    return NOTICE.format(received=LOCAL.format(**facts) if local else "", **facts).encode()
