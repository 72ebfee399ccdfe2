"""The providers' MX hosts: an SMTP server on many addresses that records what it sees and answers by script.

Every record is a dict, kept in order and written as a JSON line; `t` is time.monotonic(), the same clock in all
processes of the machine. Events: open, banner (only a scripted one), mail, rcpt, message, close.

    {"t": 12.3, "event": "message", "connection": 4, "mx": "mx1.bigmail.test", "peer": "127.0.0.1", "number": 1,
     "sender": "news@shop.test", "recipients": ["ann@bigmail.test"], "size": 512, "reply": "250 2.0.0 taken"}
"""
import asyncio
import json
import re
import threading
import time

from process import wait_for

STAGES = ("banner", "rcpt", "data")  # data: the reply to the final dot


class Sink:
    def __init__(self, log_path, hosts, port=25):
        """hosts: {name: address}"""
        self._log_path = log_path
        self._hosts = hosts
        self._port = port
        self._rules = []
        self._delays = dict.fromkeys(STAGES, 0.0)
        self._records = []
        self._connections = 0
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    # The script. It may change at any time.

    def reply(self, pattern, text, stage="rcpt"):
        """What recipients matching pattern (at banner: MX names) are told from now on; the latest rule wins.
        421 hangs up. None: as if there were no rule."""
        if stage not in STAGES:
            raise ValueError(stage)
        self._rules.insert(0, (stage, re.compile(pattern, re.I), text))

    def delay(self, stage, seconds):
        self._delays[stage] = seconds

    # What was seen.

    def records(self, event=None, **fields):
        return [r for r in list(self._records) if event in (None, r["event"])
                and all(r.get(k) == v for k, v in fields.items())]

    def messages(self, recipient=None):
        """The accepted ones."""
        return [r for r in self.records("message") if r["reply"][0] == "2"
                and (recipient is None or recipient in r["recipients"])]

    def wait_messages(self, count, recipient=None, deadline=10.0):
        """Until that many were accepted; returns them."""
        what = "%d messages at the providers%s" % (count, " for " + recipient if recipient else "")
        wait_for(lambda: len(self.messages(recipient)) >= count, what, deadline)
        return self.messages(recipient)

    # Running.

    def launch(self):
        self._thread.start()

    def ready(self):
        self._listening.wait(10)
        if self._failure is not None or not self._listening.is_set():
            raise AssertionError("the sink does not listen: %s" % self._failure)

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        try:
            with open(self._log_path, "w", buffering=1, encoding="utf-8") as self._out:
                self._loop.run_until_complete(self._listen())
                self._listening.set()
                self._loop.run_forever()
        except OSError as e:
            self._failure = e
            self._listening.set()

    async def _listen(self):
        for name, address in self._hosts.items():
            await asyncio.start_server(lambda r, w, name=name: self._session(r, w, name), address, self._port,
                                       backlog=1024, limit=1 << 20)

    def _note(self, event, **fields):
        record = {"t": round(time.monotonic(), 6), "event": event, **fields}
        self._records.append(record)
        self._out.write(json.dumps(record) + "\n")

    def _scripted(self, stage, subject):
        for at, pattern, text in self._rules:
            if at == stage and pattern.search(subject):
                return text
        return None

    async def _pause(self, stage):
        if self._delays[stage]:
            await asyncio.sleep(self._delays[stage])

    async def _session(self, reader, writer, name):
        self._connections += 1
        session = _Session(self, self._connections, name, writer)
        self._note("open", **session.who)
        try:
            await session.serve(reader)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass  # the client hung up, or sent a line beyond all limits
        finally:
            self._note("close", messages=session.number, **session.who)
            writer.close()


class _Session:
    """One connection's dialogue."""

    def __init__(self, sink, number, name, writer):
        self.sink, self.name, self.writer = sink, name, writer
        self.who = {"connection": number, "mx": name, "peer": writer.get_extra_info("peername")[0]}
        self.number = 0  # messages taken
        self.sender, self.recipients = "", []

    async def serve(self, reader):
        sink = self.sink
        await sink._pause("banner")
        banner = sink._scripted("banner", self.name)
        if banner:
            sink._note("banner", reply=banner, **self.who)
        await self.say(banner or "220 %s ESMTP" % self.name)
        if banner and banner[0] in "45":
            return
        while line := await reader.readline():
            text = line.decode("utf-8", "replace").strip()
            verb, _, rest = text.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 2.0.0 bye")
                return
            if verb.upper() == "DATA" and self.recipients:
                reply = await self.data(reader)
            else:
                reply = await self.command(verb.upper(), rest)
            await self.say(reply)
            if reply.startswith("421"):
                return

    async def say(self, text):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def command(self, verb, rest):
        if verb == "EHLO":
            return "250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES" % self.name
        if verb == "MAIL":
            self.sender, self.recipients = self.path(rest), []
            self.sink._note("mail", sender=self.sender, **self.who)
            return "250 2.1.0 ok"
        if verb == "RCPT":
            return await self.rcpt(self.path(rest))
        if verb == "DATA":
            return "554 5.5.1 no valid recipients"
        if verb == "RSET":
            self.recipients = []
        return "250 2.0.0 ok" if verb in ("HELO", "RSET", "NOOP") else "502 5.5.2 not known here"

    async def rcpt(self, address):
        await self.sink._pause("rcpt")
        reply = self.sink._scripted("rcpt", address) or "250 2.1.5 ok"
        if reply[0] == "2":
            self.recipients.append(address)
        self.sink._note("rcpt", recipient=address, reply=reply, **self.who)
        return reply

    async def data(self, reader):
        await self.say("354 go on")
        lines = []
        while (line := await reader.readline()) not in (b".\r\n", b".\n"):
            if not line:
                raise ConnectionError("hung up in the message")
            lines.append(line)
        await self.sink._pause("data")
        reply = self.sink._scripted("data", self.recipients[0]) or "250 2.0.0 taken"
        self.number += reply[0] == "2"
        headers = b"".join(lines).partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        subject = re.search(r"^Subject: *(.*?)\r?$", headers, re.M | re.I)
        self.sink._note("message", number=self.number, sender=self.sender, recipients=self.recipients,
                        size=sum(map(len, lines)), subject=subject[1] if subject else "", reply=reply, **self.who)
        self.recipients = []
        return reply

    @staticmethod
    def path(rest):
        match = re.search(r"<([^>]*)>", rest)
        return match[1] if match else rest.partition(":")[2].strip()
