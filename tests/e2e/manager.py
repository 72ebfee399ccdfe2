"""Plays systemd for one mxpolicyd: opens its sockets, keeps its files between two processes (FileDescriptorStoreMax=),
hears what it says (Type=notify). What it is told is read and answered by a thread."""
import array
import os
import shutil
import socket
import threading

import isolation
from process import Process, wait_for
from world import Policyd

BACKLOG = 1024
FILES_AT_ONCE = 253


class Managed(Policyd):
    """One mxpolicyd that is started as mxpolicyd.service starts it. paths: of its listening sockets, in a folder that is
    there."""

    def __init__(self, world, name, conf_path, paths):
        super().__init__(world, name, conf_path, paths[0])
        self.status, self.alive, self.most_kept = "", 0, 0  # STATUS=, how often WATCHDOG=1, most files kept at once
        self._kept = []
        self._listeners = [self._listen(path) for path in paths]
        self._notify_path = "%s/notify-%s" % (isolation.root, name)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self._notify_path)
        os.chmod(self._notify_path, 0o777)
        threading.Thread(target=self._hear, daemon=True).start()

    @staticmethod
    def _listen(path):
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        shutil.chown(path, "mxpace", "postfix")
        os.chmod(path, 0o660)
        listener.listen(BACKLOG)
        return listener

    def _hear(self):
        while True:
            said, ancillary, _, _ = self._notify.recvmsg(65536, socket.CMSG_SPACE(FILES_AT_ONCE * 4))
            files = array.array("i")
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    files.frombytes(data[:len(data) - len(data) % files.itemsize])
            said = dict(line.partition("=")[::2] for line in said.decode().splitlines())
            self._obey(said, list(files))

    def _obey(self, said, files):
        if "FDSTOREREMOVE" in said:
            while self._kept:
                os.close(self._kept.pop()[0])
        self.status = said.get("STATUS", self.status)
        self.alive += "WATCHDOG" in said
        if "FDSTORE" in said:
            self._kept = [(fd, said["FDNAME"]) for fd in files] + self._kept  # as systemd: the last first
            self.most_kept = max(self.most_kept, len(self._kept))
        else:  # BARRIER=1: all before it has been heard
            for fd in files:
                os.close(fd)

    def _spawn(self, argv, options):
        """LISTEN_PID is known after the fork only."""
        passed = [(listener.fileno(), "mxpolicyd.socket") for listener in self._listeners] + self._kept
        numbers = range(3, 3 + len(passed))

        def place():
            above = [os.dup2(fd, 1000 + i) for i, (fd, _) in enumerate(passed)]
            for number, fd in zip(numbers, above):
                os.dup2(fd, number)

        env = {**options.pop("env"), "NOTIFY_SOCKET": self._notify_path, "LISTEN_FDS": str(len(passed)),
               "LISTEN_FDNAMES": ":".join(name for _, name in passed), "WATCHDOG_USEC": "3000000"}
        return Process("mxpolicyd " + self.name, ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *argv],
                       self.log.path, env=env, pass_fds=numbers, preexec_fn=place, **options)

    def restart(self):
        """systemctl restart"""
        self.stop()
        return self.start()

    def wait_forgotten(self):
        """Until it has taken all that was kept for it."""
        wait_for(lambda: not self._kept, "mxpolicyd %s to take its files" % self.name)
