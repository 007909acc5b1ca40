"""What the test of adoptions needs to know of files and keys.

    adopt.py fill DIR COUNT           COUNT archives of up to 20 kB, and twelve that uploaders cut into parts
    adopt.py odd URL ID:SECRET BUCKET
                                      puts three keys that no file can have
    adopt.py expect SEED MIRROR       how many of the keys in SEED have their very file in MIRROR
"""
import hashlib
import os
import pathlib
import random
import sys

import s3

MIB = 1 << 20
ODD_FILES = ["with space/my archive.tar", "plus+sign+.tar", "ünïcode/дамп-資料.sql", "-rf", "percent%41%2F.tar",
             "quotes'\"&<>;$(x).tar", "100%", "a:b.tar", "semi;colon", "hash#tag", "at@sign", "tilde~"]
ODD_KEYS = ["double//slash", "folder/", "up/../down"]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def fill(directory, count):
    root = pathlib.Path(directory)
    source = random.Random(18)
    for name in ODD_FILES:
        write(root / name, source.randbytes(1000))
    for number in range(12):
        write(root / f"parts/large-{number:02}.tar", source.randbytes(9 * MIB + number * MIB + number))
    for number in range(count - len(ODD_FILES) - 12):
        write(root / f"db/{number % 20:02}/db-{number:04}.sql.zst", source.randbytes(source.randrange(20_000)))


def odd(url, user, bucket):
    connection = s3.Connection(url, user)
    for number, key in enumerate(ODD_KEYS):
        connection.must("PUT", s3.key_path(bucket, key), b"odd %d" % number)


def digest(path):
    return hashlib.sha256(path.read_bytes()).digest()


def expect(seed, mirror):
    seed, mirror = pathlib.Path(seed), pathlib.Path(mirror)
    right = 0
    for at, _, names in os.walk(seed):
        for name in names:
            path = pathlib.Path(at, name)
            other = mirror / path.relative_to(seed)
            right += other.is_file() and digest(other) == digest(path)
    print(right)


if __name__ == "__main__":
    {"fill": lambda d, n: fill(d, int(n)), "odd": odd, "expect": expect}[sys.argv[1]](*sys.argv[2:])
