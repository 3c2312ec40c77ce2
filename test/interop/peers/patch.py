"""Makes a target from an older file (an empty one for the compressed copy) and a patch in an OCI layout, with the standard library, the program zstd, and docs/format.md,
section 13.

    patch.py LAYOUT TARGET OLD NEW               writes NEW; exits 1 if a segment differs
    patch.py decode CODING WINDOW LENGTH CODED   prints the SHA-256 of one decoded segment
"""

import hashlib
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from chunk_index import Invalid, find_target, read_blob

HEADER = ">8sIQ32sQ32sII"
ENTRY = ">IQIII32s"


def parse_table(table: bytes, size: int, known: tuple[str, int, str]) -> list[tuple]:
    """For each segment: length, offset and length of its window, coded length, coding, SHA-256."""
    start = struct.calcsize(HEADER)
    magic, version, old_length, old, length, new, recipe, count = struct.unpack_from(HEADER, table)
    if magic != b"dtuf-pat" or version != 1 or recipe != 0:
        raise Invalid("not a patch table of version 1")
    if (old.hex(), length, new.hex()) != known:
        raise Invalid("the table of other contents")
    if count > 2**16 or len(table) != start + 56 * count:
        raise Invalid(f"{count} segments in {len(table)} bytes")
    segments = list(struct.iter_unpack(ENTRY, table[start:]))
    end = 0
    for size_of, at, window, coded, coding, _ in segments:
        if at + window > (end if coding == 3 else old_length):
            raise Invalid("a window that is not there")
        end += size_of
        if not 1 <= size_of <= 2**23 or window > 2**24 or coded > size_of + -(-size_of // 128) + 1024:
            raise Invalid("a segment that no patch has")
    if sum(each[0] for each in segments) != length or len(table) + sum(each[3] for each in segments) != size:
        raise Invalid("the segments do not add up")
    return segments


def zstd(coded: bytes, length: int, window: bytes | None = None) -> bytes:
    if length == 0 and coded == b"":
        return b""
    with tempfile.NamedTemporaryFile() as prefix:
        prefix.write(window or b"")
        prefix.flush()
        given = [] if window is None else [f"--patch-from={prefix.name}"]
        run = subprocess.Popen(["zstd", "-d", "-c", "-q", *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        content, _ = run.communicate(coded)
    if len(content) != length:
        raise Invalid(f"{len(content)} bytes instead of {length}")
    return content


def decode(coding: int, window: bytes, length: int, coded: bytes) -> bytes:
    if coding in (1, 3):
        return zstd(coded, length, window or None)
    if coding != 2:
        raise Invalid(f"coding {coding}")
    count, control, differing = struct.unpack_from(">III", coded)
    if count > 2**18 or 12 + control + differing > len(coded):
        raise Invalid("too many steps")
    numbers = zstd(coded[12 : 12 + control], 12 * count)
    seeks = struct.unpack(f">{count}i", numbers[: 4 * count])
    lengths = struct.unpack(f">{2 * count}I", numbers[4 * count :])
    copied, fresh = lengths[:count], lengths[count:]
    if sum(lengths) != length:
        raise Invalid("the steps do not add up")
    differences = zstd(coded[12 + control :][:differing], sum(copied))
    new = zstd(coded[12 + control + differing :], sum(fresh))
    content, place, at, taken = bytearray(), 0, 0, 0
    for seek, copy, more in zip(seeks, copied, fresh):
        place += seek
        if place < 0 or place + copy > len(window):
            raise Invalid("a copy outside the window")
        pairs = zip(window[place : place + copy], differences[at : at + copy])
        content += bytes((old + difference) % 256 for old, difference in pairs)
        content += new[taken : taken + more]
        place, at, taken = place + copy, at + copy, taken + more
    return bytes(content)


def apply(layout: Path, name: str, old: bytes) -> bytes:
    target = find_target(layout, name)
    sha256 = hashlib.sha256(old).hexdigest()
    named = next(each for each in target["custom"]["dtuf"]["patches"] if each["from"] == sha256)
    patch = read_blob(layout, named["digest"])
    table = patch[: named["table"]["size"]]
    if "sha256:" + hashlib.sha256(table).hexdigest() != named["table"]["digest"]:
        raise Invalid("the table has other bytes")
    segments = parse_table(table, len(patch), (sha256, target["length"], target["hashes"]["sha256"]))
    content, at = b"", len(table)
    for length, start, window, coded, coding, digest in segments:
        seen = content if coding == 3 else old
        segment = decode(coding, seen[start : start + window], length, patch[at : at + coded])
        if hashlib.sha256(segment).digest() != digest:
            raise Invalid(f"the segment at {len(content)} differs")
        content += segment
        at += coded
    return content


if __name__ == "__main__":
    try:
        if sys.argv[1] == "decode":
            coding, window, length, coded = sys.argv[2:]
            found = decode(int(coding), Path(window).read_bytes(), int(length), Path(coded).read_bytes())
            print(hashlib.sha256(found).hexdigest())
        else:
            layout, name, old, new = sys.argv[1:]
            Path(new).write_bytes(apply(Path(layout), name, Path(old).read_bytes()))
    except (Invalid, KeyError, OSError, ValueError, StopIteration) as error:
        sys.exit(f"{type(error).__name__}: {error}")
