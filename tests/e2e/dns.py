"""The name servers of the private world: dnsmasq for everything in .test, one that never answers, one that fails."""
import socket
import threading

from process import Process, wait_for

SILENT, FAILING = "127.0.0.77", "127.0.0.78"  # asked for silent.test and servfail.test
TTL_S = 300


class Dns:
    def __init__(self, hosts, domains, log_path, address="127.0.0.1"):
        """hosts: {name: address, or several}; domains: {name: [MX host, best first]}, [] accepts no mail (null MX)."""
        self._address = address
        self._argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts", "--no-resolv",
                      "--user=root", "--pid-file=", "--bind-interfaces", "--listen-address=" + address,
                      "--local-ttl=%d" % TTL_S, "--dns-forward-max=5000", "--local=/test/",
                      "--server=/silent.test/" + SILENT, "--server=/servfail.test/" + FAILING]
        self._argv += ["--host-record=%s,%s" % (name, one) for name, addresses in hosts.items()
                       for one in ([addresses] if isinstance(addresses, str) else addresses)]
        for domain, exchangers in domains.items():
            self._argv += ["--mx-host=%s,%s,%d" % (domain, mx, 10 * (i + 1)) for i, mx in enumerate(exchangers)]
            if not exchangers:
                self._argv.append("--dns-rr=%s,15,000000" % domain)  # "MX 0 ."
        self._log_path = log_path
        self._process = None
        self._sockets = []

    def launch(self):
        for address in (SILENT, FAILING):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((address, 53))
            self._sockets.append(s)
        threading.Thread(target=self._fail, args=(self._sockets[1],), daemon=True).start()
        self._process = Process("dnsmasq", self._argv, self._log_path)

    def restart(self, *options):
        """The same once more, with further options of dnsmasq, or others for those it has."""
        named = {option.partition("=")[0] for option in options} & {"--local-ttl"}
        argv = [arg for arg in self._argv if arg.partition("=")[0] not in named]
        self._process.stop()
        self._process = Process("dnsmasq", [*argv, *options], self._log_path)
        self.ready()

    @staticmethod
    def _fail(s):
        while True:
            query, peer = s.recvfrom(4096)
            answer = query[:2] + b"\x81\x82\x00\x01\x00\x00\x00\x00\x00\x00" + query[12:query.index(b"\0", 12) + 5]
            s.sendto(answer, peer)  # SERVFAIL

    def ready(self):
        def listens():
            if not self._process.running():
                raise AssertionError("dnsmasq ended: " + "; ".join(self._process.log.tail(3)))
            try:
                socket.create_connection((self._address, 53), 1).close()
                return True
            except OSError:
                return False
        wait_for(listens, "dnsmasq")

    def stop(self):
        if self._process is not None:
            self._process.stop()
