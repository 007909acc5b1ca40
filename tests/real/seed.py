"""Makes the 1,000 archives of the pull test, from 0 bytes to 1 GiB.

    seed.py DIR URL ID:SECRET BUCKET

Those with ordinary names are written below DIR/upload, for an uploader of the world outside; those
with nasty but legal keys are put into the bucket from here. Writes DIR/contents, the SHA-256 of
each, sorted; and DIR/paths, the SHA-256 and the path that each must have under archives/, in the
format of sha256sum, for all but the few whose path is not fixed by the key alone.
"""
import hashlib
import math
import os
import random
import sys

import s3

TOTAL = 1000
MIB = 1 << 20
LARGE = {"big/db-full.tar": 1024 * MIB, "big/media.tar": 200 * MIB, "big/mail.tar": 100 * MIB,
         "big/db-0412.tar.zst": 50 * MIB, "big/wiki.tar": 20 * MIB + 1, "big/etc.tar": 10 * MIB}
LARGEST_SMALL_BYTES = 4 * MIB

# Key and path under archives/; None where the path depends on what else is there, or is long.
NASTY = {
    "a": None,
    "a/b": None,
    "with space/my archive.tar": "with space/my archive.tar",
    "plus+sign+.tar": "plus+sign+.tar",
    "ünïcode/дамп-資料-🗄.sql": "ünïcode/дамп-資料-🗄.sql",
    "quotes'\"&<>;$(x)*.tar": "quotes'\"&<>;$(x)*.tar",
    "-rf": "-rf",
    "percent%41%2F.tar": "percent%2541%252F.tar",
    "back\\slash": "back%5Cslash",
    "tab\there": "tab%09here",
    "up/../../../etc/passwd": "up/%2E%2E/%2E%2E/%2E%2E/etc/passwd",
    "../escape": "%2E%2E/escape",
    "./here": "%2E/here",
    "double//slash": "double/%2F/slash",
    "folder/": "folder/%2F",
    "/rooted": "%2F/rooted",
    "many/" + "/".join(["k" * 203] * 5): "many/" + "/".join(["k" * 203] * 5),
    "long/" + "k" * 1019: None,
}


def chunks(key, size_bytes):
    source = random.Random(key)
    for start in range(0, size_bytes, MIB):
        yield source.randbytes(min(MIB, size_bytes - start))


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    directory, url, user, bucket = sys.argv[1:]
    contents, paths = [], []

    def remember(sha256, path):
        contents.append(sha256)
        if path is not None:
            # The format escapes nothing here: no path has a backslash or a line end left in it.
            paths.append(f"{sha256}  {path}")

    connection = s3.Connection(url, user)
    for key, path in NASTY.items():
        content = b"".join(chunks(key, 1000))
        connection.must("PUT", s3.key_path(bucket, key), content)
        remember(hashlib.sha256(content).hexdigest(), path)

    sizes = dict(LARGE)
    small = TOTAL - len(NASTY) - len(LARGE)
    for number in range(small):
        # Even steps of the logarithm, and the first two empty and one byte long.
        exponent = math.log(LARGEST_SMALL_BYTES) * max(number - 1, 0) / (small - 2)
        key = f"2026/{number % 12 + 1:02}/db-{number:04}.tar"
        sizes[key] = round(math.exp(exponent)) if number else 0
    for key, size_bytes in sizes.items():
        file_path = os.path.join(directory, "upload", key)
        os.makedirs(os.path.dirname(file_path), exist_ok=True)
        digest = hashlib.sha256()
        with open(file_path, "wb") as file:
            for chunk in chunks(key, size_bytes):
                file.write(chunk)
                digest.update(chunk)
        remember(digest.hexdigest(), key)

    for name, lines in (("contents", sorted(contents)), ("paths", paths)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
