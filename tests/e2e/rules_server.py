"""A web server of rules, with a certificate of an authority made for the test."""
import functools
import http.server
import os
import ssl
import subprocess
import threading


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """Signs a certificate for 127.0.0.1."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.ca, self.cert, self.key = (os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
        request, own_key, extra = (os.path.join(folder, name) for name in ("request.pem", "ca.key", "extra"))
        with open(extra, "w", encoding="utf-8") as f:
            f.write("subjectAltName=IP:127.0.0.1\n")
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                 "-keyout", own_key, "-out", self.ca)
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", self.key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", own_key, "-CAcreateserial", "-days", "2",
                 "-extfile", extra, "-out", self.cert)
        os.chmod(folder, 0o755)
        os.chmod(self.ca, 0o644)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/elsewhere/"):  # a redirect: to what stands behind it
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/elsewhere/"))
            self.end_headers()
            return
        super().do_GET()


class RulesServer:
    """Serves a folder on 127.0.0.1, at a port of its own that it keeps."""

    def __init__(self, folder, authority):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(authority.cert, authority.key)
        self._handler = functools.partial(_Handler, directory=folder)
        self._server = None
        self.port = 0

    def start(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def url(self, path):
        return "https://127.0.0.1:%d/%s" % (self.port, path)
