"""Makes a versioned bucket of 2,500 archives: more than two pages of a listing.

    many.py DIR URL ID:SECRET BUCKET LONGEST_KEY_BYTES

Among them are keys of every odd kind, three objects that were uploaded in parts, and, behind the
current contents, 300 that were overwritten and 60 that were deleted. Writes DIR/contents and
DIR/earlier, the SHA-256 of each current and of each noncurrent content, sorted; and DIR/paths, the
SHA-256 and the path under archives/ of each current one whose path is fixed by its key alone, in the
format of sha256sum.
"""
import concurrent.futures
import hashlib
import os
import random
import re
import sys
import threading

import s3
import seed

TOTAL, OVERWRITTEN, DELETED = 2500, 300, 60
MIB = 1 << 20

# The parts of each. The second is a valid upload whose last part is the larger one.
PARTS = {"parts/even.tar": [5 * MIB, 5 * MIB, MIB + 1], "parts/larger-last.tar": [5 * MIB, 6 * MIB],
         "parts/one.tar": [MIB]}

# Key and path under archives/, besides those of seed.py.
ODD = {
    " lead": " lead",
    "trail ": "trail ",
    "  ": "  ",
    "dot.": "dot.",
    "dir./dots..": "dir./dots..",
    "dots/..": "dots/%2E%2E",
    "dots/.": "dots/%2E",
    "//two": "%2F/%2F/two",
    "%": "%25",
    "100%zz": "100%25zz",
    "percent%20 +": "percent%2520 +",
    "control/\x01\x1f\x7f": "control/%01%1F%7F",
    "control/a\r\nb": "control/a%0D%0Ab",
    "control/\u0085\u009b": "control/\u0085\u009b",
    "order/\ufeff": "order/\ufeff",
    "order/\U00010000": "order/\U00010000",
    "order/\uff21": "order/\uff21",
    "order/😀": "order/😀",
    "same/e\u0301": "same/e\u0301",
    "same/\u00e9": "same/\u00e9",
    "right/\u202eto-left": "right/\u202eto-left",
    "query?versionId=1&a=b": "query?versionId=1&a=b",
    "hash#;:@=,": "hash#;:@=,",
    "long/" + "l" * 495: None,
    "case": None,
    "CASE": None,
}

per_thread = threading.local()


def content(seed_text, size_bytes):
    return random.Random(seed_text).randbytes(size_bytes)


class Bucket:
    """Puts from any thread."""

    def __init__(self, url, user, name):
        self._url, self._user, self._name = url, user, name

    def must(self, method, key, query="", body=b""):
        if not hasattr(per_thread, "connection"):
            per_thread.connection = s3.Connection(self._url, self._user)
        return per_thread.connection.must(method, s3.key_path(self._name, key) + query, body)

    def put_in_parts(self, key, parts):
        answer = self.must("POST", key, "?uploads").decode()
        upload = re.search("<UploadId>(.*)</UploadId>", answer)[1]
        lines = []
        for number, part in enumerate(parts, 1):
            self.must("PUT", key, f"?partNumber={number}&uploadId={upload}", part)
            lines.append(f"<Part><PartNumber>{number}</PartNumber>"
                         f'<ETag>"{hashlib.md5(part).hexdigest()}"</ETag></Part>')
        body = f"<CompleteMultipartUpload>{''.join(lines)}</CompleteMultipartUpload>"
        self.must("POST", key, f"?uploadId={upload}", body.encode())


def keys_and_paths(longest_key_bytes):
    names = {**seed.NASTY, **ODD}
    names = {key: path for key, path in names.items() if len(key.encode()) <= longest_key_bytes}
    ordinary = (f"{number % 7}/db-{number:04}.tar" for number in range(TOTAL))
    while len(names) < TOTAL - len(PARTS):
        key = next(ordinary)
        names[key] = key
    return names


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    directory, url, user, name, longest_key_bytes = sys.argv[1:]
    bucket = Bucket(url, user, name)
    names = keys_and_paths(int(longest_key_bytes))
    overwritten = sorted(names)[::len(names) // OVERWRITTEN][:OVERWRITTEN]
    deleted = [f"gone/{number:02}.tar" for number in range(DELETED)]
    current = {key: content("now" + key, len(key) * 3 + 1) for key in names}
    earlier = {key: content("then" + key, len(key) * 2 + 1) for key in [*overwritten, *deleted]}

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for layer in (earlier, current):
            list(pool.map(lambda pair: bucket.must("PUT", pair[0], body=pair[1]), layer.items()))
        list(pool.map(lambda key: bucket.must("DELETE", key), deleted))
    for key, sizes in PARTS.items():
        parts = [content(f"{key} {number}", size) for number, size in enumerate(sizes)]
        bucket.put_in_parts(key, parts)
        current[key], names[key] = b"".join(parts), key

    sha256 = {key: hashlib.sha256(value).hexdigest() for key, value in current.items()}
    lines = {
        "contents": sorted(sha256.values()),
        "earlier": sorted(hashlib.sha256(value).hexdigest() for value in earlier.values()),
        "paths": [f"{sha256[key]}  {path}" for key, path in names.items() if path is not None],
    }
    for file_name, of_file in lines.items():
        with open(os.path.join(directory, file_name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in of_file)


if __name__ == "__main__":
    main()
