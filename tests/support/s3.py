"""A minimal S3 client for the test scripts: signs a request (SigV4), sends it, gives the answer.

    s3.py URL ID:SECRET METHOD /BUCKET[/KEY][?QUERY] [BODY_FILE | -] [X-AMZ-HEADER:VALUE...]

prints the body of the answer and fails unless the status is 2xx. The target is sent as it stands,
so a key must be percent-encoded already; key_path() does that.

    s3.py URL ID:SECRET VERSIONS /BUCKET

prints a line for each version and delete marker, newest first within a key: its percent-encoded
key, its id, "version" or "marker", "latest" or "noncurrent".
"""
import hashlib
import hmac
import http.client
import sys
import time
import urllib.parse
import xml.etree.ElementTree

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def key_path(bucket, key):
    """The target of an object whose key is given as str or bytes."""
    return "/" + bucket + "/" + urllib.parse.quote(key, safe="-._~/")


def _hmac(key, message):
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


class Refused(Exception):
    """An answer that is not 2xx."""


class Connection:
    """One keep-alive connection with one user's key."""

    def __init__(self, url, user, region="us-east-1"):
        self._host = urllib.parse.urlsplit(url).netloc
        self._id, self._secret = user.rsplit(":", 1)  # an id may have a colon (Swift), a secret has none
        self._region = region
        self._http = http.client.HTTPConnection(self._host, timeout=120)
        self._signing_key = (None, None)

    def _key_for(self, day):
        if self._signing_key[0] != day:
            key = ("AWS4" + self._secret).encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = _hmac(key, part)
            self._signing_key = (day, key)
        return self._signing_key[1]

    def _signed_headers(self, method, target, body_sha256, more):
        path, _, query = target.partition("?")
        pairs = sorted(p if "=" in p else p + "=" for p in query.split("&") if p)
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers = dict(sorted({"host": self._host, "x-amz-content-sha256": body_sha256,
                               "x-amz-date": now, **more}.items()))
        names = ";".join(headers)
        canonical = "\n".join([method, path, "&".join(pairs),
                               *(f"{n}:{v}" for n, v in headers.items()), "", names, body_sha256])
        scope = f"{now[:8]}/{self._region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                             hashlib.sha256(canonical.encode()).hexdigest()])
        signature = _hmac(self._key_for(now[:8]), to_sign).hex()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self._id}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return headers

    def request(self, method, target, body=b"", headers=None):
        """Returns (status, headers, body). The headers are x-amz-..., in lower case."""
        body_sha256 = hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256
        self._http.request(method, target, body or None,
                           self._signed_headers(method, target, body_sha256, headers or {})
                           | {"content-length": str(len(body))})
        answer = self._http.getresponse()
        return answer.status, answer.headers, answer.read()

    def must(self, method, target, body=b"", headers=None):
        """The body of a 2xx answer; anything else is Refused."""
        status, _, answer = self.request(method, target, body, headers)
        if not 200 <= status < 300:
            raise Refused(f"{method} {target}: {status} {answer.decode(errors='replace')}")
        return answer

    def versions(self, bucket):
        """Yields (percent-encoded key, id, "version" or "marker", "latest" or "noncurrent")."""
        space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
        markers = ""
        while markers is not None:
            answer = self.must("GET", f"/{bucket}?versions{markers}")
            page = xml.etree.ElementTree.fromstring(answer)
            for entry in page:
                kind = {"Version": "version", "DeleteMarker": "marker"}.get(
                    entry.tag.removeprefix(space))
                if kind:
                    latest = entry.findtext(space + "IsLatest") == "true"
                    yield (urllib.parse.quote(entry.findtext(space + "Key"), safe="-._~/"),
                           entry.findtext(space + "VersionId"), kind,
                           "latest" if latest else "noncurrent")
            markers = None
            if page.findtext(space + "IsTruncated") == "true":
                markers = "&" + urllib.parse.urlencode(
                    {"key-marker": page.findtext(space + "NextKeyMarker"),
                     "version-id-marker": page.findtext(space + "NextVersionIdMarker", "")},
                    quote_via=urllib.parse.quote, safe="-._~")


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    url, user, method, target = sys.argv[1:5]
    arguments = sys.argv[5:]
    body = b""
    if arguments and ":" not in arguments[0]:
        source_path = arguments.pop(0)
        with open(0 if source_path == "-" else source_path, "rb") as source:
            body = source.read()
    headers = dict(argument.split(":", 1) for argument in arguments)
    connection = Connection(url, user)
    try:
        if method == "VERSIONS":
            for version in connection.versions(target.strip("/")):
                print(*version)
        else:
            sys.stdout.buffer.write(connection.must(method, target, body, headers))
    except Refused as refused:
        sys.exit(f"s3.py: {refused}")


if __name__ == "__main__":
    main()
