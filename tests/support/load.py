"""Fills a bucket with many objects of one size, by single PUTs over parallel connections.

    load.py URL ID:SECRET BUCKET PREFIX COUNT SIZE_BYTES

Keys are PREFIX and a number of six digits; no two contents are equal.
"""
import multiprocessing
import random
import sys

import s3

WORKERS = 32
PIECE_BYTES = 1 << 20


def content_of(key, size_bytes):
    """By pieces: randbytes() cannot make 512 MiB at once."""
    source = random.Random(key)
    sizes = [PIECE_BYTES] * (size_bytes // PIECE_BYTES) + [size_bytes % PIECE_BYTES]
    return b"".join(source.randbytes(size) for size in sizes)


def put_some(worker, url, user, bucket, prefix, count, size_bytes):
    connection = s3.Connection(url, user)
    for number in range(worker, count, WORKERS):
        key = f"{prefix}{number:06}"
        connection.must("PUT", s3.key_path(bucket, key), content_of(key, size_bytes))


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    url, user, bucket, prefix, count, size_bytes = sys.argv[1:]
    arguments = (url, user, bucket, prefix, int(count), int(size_bytes))
    with multiprocessing.Pool(WORKERS) as pool:
        pool.starmap(put_some, [(worker, *arguments) for worker in range(WORKERS)], chunksize=1)


if __name__ == "__main__":
    main()
