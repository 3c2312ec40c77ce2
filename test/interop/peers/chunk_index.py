"""Reads the chunk index of a target from an OCI layout and verifies a file chunk by chunk, with nothing but the standard library
and docs/format.md, section 13.

    chunk_index.py LAYOUT TARGET FILE        prints how many chunks are right; exits 1 if one differs
    chunk_index.py cut AVERAGE FILE          prints the index of the file in hex, cut anew

The layout is read without TUF: it is for files that were made on this machine. A client verifies the metadata first.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path

HEADER = ">8sIIQ32sI"


class Invalid(Exception):
    pass


def read_blob(layout: Path, digest: str) -> bytes:
    algorithm, hexadecimal = digest.split(":")
    content = (layout / "blobs" / algorithm / hexadecimal).read_bytes()
    if hashlib.new(algorithm, content).hexdigest() != hexadecimal:
        raise Invalid(f"{digest} has other bytes")
    return content


def find_target(layout: Path, name: str) -> dict:
    """What the targets file of the newest release says of the target."""
    tag = "org.opencontainers.image.ref.name"
    manifests = json.loads((layout / "index.json").read_text())["manifests"]
    latest = next(each for each in manifests if each.get("annotations", {}).get(tag) == "latest")
    layers = json.loads(read_blob(layout, latest["digest"]))["layers"]
    names = {layer["annotations"]["tuf.io/filename"]: layer["digest"] for layer in layers}
    files = [digest for name, digest in names.items() if name.endswith(".targets.json")]
    return json.loads(read_blob(layout, files[0]))["signed"]["targets"][name]


def parse_index(content: bytes, length: int, sha256: str) -> list[tuple[int, bytes]]:
    """The length and SHA-256 of each chunk."""
    start = struct.calcsize(HEADER)
    if len(content) < start:
        raise Invalid("too short")
    magic, version, average, whole, digest, count = struct.unpack_from(HEADER, content)
    if magic != b"dtuf-idx" or version != 1:
        raise Invalid("not a chunk index of version 1")
    if average & (average - 1) or not 4096 <= average <= 4 * 1024 * 1024:
        raise Invalid(f"average {average}")
    if whole != length or digest.hex() != sha256:
        raise Invalid("the index of another content")
    if count > 2**20 or len(content) != start + 36 * count:
        raise Invalid(f"{count} chunks in {len(content)} bytes")
    chunks = list(struct.iter_unpack(">I32s", content[start:]))
    least = [average // 4 + 1] * (count - 1) + [1]
    if any(not low <= size <= 4 * average for low, (size, _) in zip(least, chunks)):
        raise Invalid("a chunk that no cut makes")
    if sum(size for size, _ in chunks) != length:
        raise Invalid("the chunks do not add up")
    return chunks


def verify(layout: Path, name: str, file: Path) -> int:
    target = find_target(layout, name)
    named = target["custom"]["dtuf"]["index"]
    content = read_blob(layout, named["digest"])
    if len(content) != named["size"]:
        raise Invalid("the index has another size")
    chunks = parse_index(content, target["length"], target["hashes"]["sha256"])
    whole = hashlib.sha256()
    with file.open("rb") as stream:
        for number, (size, sha256) in enumerate(chunks):
            chunk = stream.read(size)
            if hashlib.sha256(chunk).digest() != sha256:
                raise Invalid(f"chunk {number} of {len(chunks)} differs")
            whole.update(chunk)
        if stream.read(1) or whole.hexdigest() != target["hashes"]["sha256"]:
            raise Invalid("the whole differs")
    return len(chunks)


def cut(content: bytes, average: int) -> bytes:
    gear = [int.from_bytes(hashlib.sha256(b"dtuf-fastcdc32-v1" + bytes([byte])).digest()[:4], "big") for byte in range(256)]
    bits = average.bit_length() - 1
    entries, start = [], 0
    while start < len(content):
        end = find_end(content, start, (average, bits, gear))
        entries.append(struct.pack(">I32s", end - start, hashlib.sha256(content[start:end]).digest()))
        start = end
    whole = hashlib.sha256(content).digest()
    return struct.pack(HEADER, b"dtuf-idx", 1, average, len(content), whole, len(entries)) + b"".join(entries)


def find_end(content: bytes, start: int, rule: tuple[int, int, list[int]]) -> int:
    average, bits, gear = rule
    most = min(len(content), start + 4 * average)
    rolling = 0
    for at in range(start + average // 4, most):
        rolling = (2 * rolling + gear[content[at]]) % 2**32
        tested = bits + 2 if at + 1 - start <= average else bits - 2
        if rolling >> (32 - tested) == 0:
            return at + 1
    return most


if __name__ == "__main__":
    try:
        if sys.argv[1] == "cut":
            print(cut(Path(sys.argv[3]).read_bytes(), int(sys.argv[2])).hex())
        else:
            print(verify(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])), "chunks are right")
    except (Invalid, KeyError, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
