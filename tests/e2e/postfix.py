"""Private Postfix instances, set up as INSTALL says: the distribution's master.cf, the small main.cf of a mail host,
and files of postfix-examples/ added as they are."""
import os
import re
import shutil
import smtplib
import subprocess
import time

from process import Log, Process, wait_for

CHROOT_FILES = ("resolv.conf", "hosts", "nsswitch.conf", "services")  # what Debian copies into the chroot
QUEUE_FOLDERS = [(0o755, "root", "root", "pid etc"), (0o1730, "postfix", "postdrop", "maildrop"),
                 (0o2710, "postfix", "postdrop", "public"),
                 (0o700, "postfix", "root",
                  "active bounce corrupt defer deferred flush hold incoming private saved trace")]
MASTER_CF = ("/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {log_folder}
myhostname = {hostname}
mydestination = {hostname}, local.test
inet_interfaces = {address}
inet_protocols = ipv4
mynetworks = 127.0.0.1/32, 127.0.0.2/32
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard:
recipient_delimiter = +
biff = no
"""


def _read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Postfix:
    def __init__(self, name, hostname, address, pristine, folders, log_folder, main_cf=MAIN_CF):
        """pristine: an installed /etc/postfix to copy; folders: configuration, queue and data, empty."""
        self.name, self.hostname, self.address = name, hostname, address
        self.config, self.queue, self.data = folders
        self.log = Log("%s/mail-%s.log" % (log_folder, name))
        self._console = "%s/postfix-%s.log" % (log_folder, name)
        self._process = None
        shutil.copytree(pristine, self.config, symlinks=True, dirs_exist_ok=True)
        shutil.copy(next(path for path in MASTER_CF if os.path.exists(path)), self.config + "/master.cf")
        self._write("main.cf", "w", main_cf.format(queue=self.queue, data=self.data, log=self.log.path,
                                                   log_folder=log_folder, hostname=hostname, address=address))
        shutil.chown(self.data, "postfix")
        for mode, user, group, names in QUEUE_FOLDERS:  # "postfix check" makes the same, but takes 2 s
            for path in (os.path.join(self.queue, name) for name in names.split()):
                os.mkdir(path)
                shutil.chown(path, user, group)
                os.chmod(path, mode)
        for file in CHROOT_FILES:
            shutil.copy("/etc/" + file, self.queue + "/etc")

        self._master = self.command("postconf", "-dh", "daemon_directory").strip() + "/master"

    def _write(self, name, mode, text):
        with open(os.path.join(self.config, name), mode, encoding="utf-8") as f:
            f.write(text)
        self._settle(name)

    def settle(self):
        """After its configuration was changed by others."""
        for name in ("main.cf", "master.cf"):
            self._settle(name)

    def _settle(self, name):
        """Postfix's programs wait until a file hasn't changed for a while: pretend that it hasn't."""
        past = time.time() - 60
        os.utime(os.path.join(self.config, name), (past, past))

    def add(self, folder, *examples):
        """Does with the example files what INSTALL says: main.cf.* and master.cf.* appended, others copied."""
        for example in examples:
            name = example.rpartition(".")[0]
            if name in ("main.cf", "master.cf"):
                self._write(name, "a", "\n" + _read(os.path.join(folder, example)))
            else:
                shutil.copy(os.path.join(folder, example), self.config)

    def follow(self, readme):
        """Runs the commands that the README has for a host with restrictions of its own."""
        commands = re.search(r"^    check=.*?(?=^    postconf -h )", _read(readme), re.M | re.S)[0]
        subprocess.run(["sh", "-eu", "-c", commands], check=True, env={**os.environ, "MAIL_CONFIG": self.config})
        self._settle("main.cf")

    def set(self, *settings):
        """postconf -e"""
        self.command("postconf", "-e", *settings)
        self._settle("main.cf")

    def command(self, name, *args, errors=None):
        """A Postfix command for this instance; returns its output. errors: subprocess.STDOUT for warnings as well."""
        done = subprocess.run([name, "-c", self.config, *args], check=True, stdout=subprocess.PIPE, stderr=errors,
                              text=True)
        return done.stdout

    def launch(self):
        self._process = Process("postfix " + self.name, [self._master, "-s", "-c", self.config], self._console)

    def ready(self):
        def answers():
            if not self._process.running():
                raise AssertionError("postfix ended: " + "; ".join(self._process.log.tail(3) + self.log.tail(3)))
            try:
                with smtplib.SMTP(self.address, timeout=5, local_hostname="client.test"):
                    return True
            except (OSError, smtplib.SMTPException):
                return False
        wait_for(answers, "postfix " + self.name, every=0.02)

    def start(self):
        self.launch()
        self.ready()

    def stop(self):
        if self._process is not None:
            self._process.stop()

    # What a test does with it.

    def send(self, sender, recipients, headers=(), body="Hello\n", source=None, options=()):
        """One message; returns {recipient: (code, text)}, the answers to RCPT, and raises if the rest is refused."""
        answers = {}
        with self.connect(source) as session:
            code, text = session.mail(sender, options)
            if code != 250:
                raise AssertionError("MAIL FROM:<%s> was answered %d %s" % (sender, code, text.decode()))
            for recipient in recipients:
                code, text = session.rcpt(recipient)
                answers[recipient] = (code, text.decode())
            if any(code == 250 for code, _ in answers.values()):
                lines = ["From: <%s>" % (sender or "MAILER-DAEMON@mx.test"), "To: undisclosed-recipients:;"]
                code, text = session.data("\n".join([*lines, *headers, "", body]))
                if code != 250:
                    raise AssertionError("the message was answered %d %s" % (code, text.decode()))
        return answers

    def connect(self, source=None):
        """An open SMTP session; source: the client's address, "127.0.0.9" is one from outside."""
        session = smtplib.SMTP(timeout=30, local_hostname="client.test", source_address=(source or self.address, 0))
        session.connect(self.address)
        session.ehlo("client.test")
        return session

    def queue_ids(self):
        """Of what waits, in any queue."""
        return [line.split()[0].rstrip("*!") for line in self.command("postqueue", "-p").splitlines()
                if line[:1].isalnum() and not line.startswith("Mail queue")]

    def flush(self):
        self.command("postqueue", "-f")
