"""Clients that ask all the time, and what they were told when."""
import threading
import time

from policy import Policy


class Load:
    """with Load([(node, recipient), ...]) as load: one thread and one connection for each pair."""

    PAUSE_S = 0.002  # of a client, after a refusal or between two questions

    def __init__(self, pairs, pause=None):
        """pause: a function giving the seconds between two questions; None: at once after a grant."""
        self._stop = threading.Event()
        self._pause = pause
        self._answers = []  # (asked, answered, node's name, recipient, action); a list's append is atomic
        self.errors = []
        self._threads = [threading.Thread(target=self._client, args=pair, daemon=True) for pair in pairs]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def answers(self, node=None, recipient=None, since=0.0):
        """Those asked after `since`, of a node and for a recipient if named."""
        return [a for a in list(self._answers) if a[0] >= since and node in (None, a[2]) and recipient in (None, a[3])]

    def actions(self, node=None, recipient=None, since=0.0):
        return [a[4] for a in self.answers(node, recipient, since)]

    def grants(self, recipient):
        """(asked, answered) of what passed."""
        return [a[:2] for a in self.answers(recipient=recipient) if a[4] == "DUNNO"]

    def longest(self, since=0.0):
        return max((a[1] - a[0] for a in self.answers(since=since)), default=0.0)

    def _client(self, node, recipient):
        try:
            with Policy(node.socket) as policy:
                while not self._stop.is_set():
                    asked = time.monotonic()
                    action = policy.ask(recipient)
                    self._answers.append((asked, time.monotonic(), node.name, recipient, action))
                    if self._pause is not None:
                        self._stop.wait(self._pause())
                    elif action != "DUNNO":
                        self._stop.wait(self.PAUSE_S)
        except Exception as e:  # pylint: disable=broad-except
            self.errors.append("%s at %s: %r" % (recipient, node.name, e))
