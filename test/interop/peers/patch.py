"""Makes a target from an older file (an empty one for the compressed copy) and a patch in an OCI layout, with the standard library, the program zstd, and docs/format.md,
section 13.

    patch.py LAYOUT TARGET OLD NEW               writes NEW; exits 1 if a segment differs
    patch.py decode CODING WINDOW LENGTH CODED   prints the SHA-256 of one decoded segment
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from chunk_index import Invalid, find_target, read_blob

class Reader:
    """Numbers of seven bits a byte, and bytes as they are."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def take(self, length: int) -> bytes:
        taken, self.rest = self.rest[:length], self.rest[length:]
        if len(taken) != length:
            raise Invalid("the bytes end early")
        return taken

    def number(self) -> int:
        found = shift = 0
        while True:
            byte = self.take(1)[0]
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128 and found < 2**53:
                return found
            if shift == 56:
                raise Invalid("a number is too large")

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]


def parse_table(table: bytes, size: int, length: int) -> list[tuple]:
    """For each segment: length, offset and length of its window, coding, coded length, SHA-256."""
    reader = Reader(table)
    if reader.take(8) != b"dtuf-pat" or reader.take(4) != b"\0\0\0\2":
        raise Invalid("not a patch table of version 2")
    old_length, new_length, recipe, count = reader.numbers(4)
    if recipe != 0 or new_length != length or count > min(2**16, 1 + -(-new_length // 2**20)):
        raise Invalid("the table of another content")
    segments = [(*reader.numbers(5), reader.take(32)) for _ in range(count)]
    if reader.rest:
        raise Invalid("bytes behind the segments")
    end = 0
    for size_of, at, window, coding, coded, _ in segments:
        if at + window > (end if coding == 3 else old_length):
            raise Invalid("a window that is not there")
        end += size_of
        if not 1 <= size_of <= 2**23 or window > 2**23 or coded > size_of + -(-size_of // 128) + 1024:
            raise Invalid("a segment that no patch has")
    if sum(each[0] for each in segments) != length or len(table) + sum(each[4] for each in segments) != size:
        raise Invalid("the segments do not add up")
    return segments


def zstd(coded: bytes, length: int, window: bytes = b"") -> bytes:
    with tempfile.NamedTemporaryFile() as prefix:
        prefix.write(window)
        prefix.flush()
        given = [f"--patch-from={prefix.name}"] if window else []
        run = subprocess.Popen(["zstd", "-d", "-c", "-q", *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        content, _ = run.communicate(coded)
    if len(content) != length:
        raise Invalid(f"{len(content)} bytes instead of {length}")
    return content


def decode(coding: int, window: bytes, length: int, coded: bytes) -> bytes:
    if coding in (1, 3):
        return zstd(coded, length, window)
    if coding != 2:
        raise Invalid(f"coding {coding}")
    reader = Reader(coded)
    count, plain, control, differing = reader.numbers(4)
    if count > 2**18 or plain > 15 * count:
        raise Invalid("too many steps")
    steps = Reader(unpack(reader.take(control), plain))
    seeks, copied, fresh = steps.numbers(count), steps.numbers(count), steps.numbers(count)
    if steps.rest or sum(copied) + sum(fresh) != length:
        raise Invalid("the steps do not add up")
    differences = unpack(reader.take(differing), sum(copied)) if differing else bytes(sum(copied))
    new = unpack(reader.rest, sum(fresh), window)
    content, place, at, taken = bytearray(), 0, 0, 0
    for seek, copy, more in zip(seeks, copied, fresh):
        place += -(seek + 1) // 2 if seek % 2 else seek // 2
        if copy and (place < 0 or place + copy > len(window)):
            raise Invalid("a copy outside the window")
        pairs = zip(window[place : place + copy], differences[at : at + copy])
        content += bytes((old + difference) % 256 for old, difference in pairs)
        content += new[taken : taken + more]
        place, at, taken = place + copy + more, at + copy, taken + more
    return bytes(content)


def unpack(packed: bytes, length: int, window: bytes = b"") -> bytes:
    return packed if len(packed) == length else zstd(packed, length, window)


def apply(layout: Path, name: str, old: bytes) -> bytes:
    target = find_target(layout, name)
    sha256 = hashlib.sha256(old).hexdigest()
    named = next(each for each in target["custom"]["dtuf"]["patches"] if each["from"] == sha256)
    patch = read_blob(layout, named["digest"])
    table = patch[: named["table"]["size"]]
    if "sha256:" + hashlib.sha256(table).hexdigest() != named["table"]["digest"]:
        raise Invalid("the table has other bytes")
    segments = parse_table(table, len(patch), target["length"])
    content, at = b"", len(table)
    for length, start, window, coding, coded, digest in segments:
        seen = content if coding == 3 else old
        segment = decode(coding, seen[start : start + window], length, patch[at : at + coded])
        if hashlib.sha256(segment).digest() != digest:
            raise Invalid(f"the segment at {len(content)} differs")
        content += segment
        at += coded
    if hashlib.sha256(content).hexdigest() != target["hashes"]["sha256"]:
        raise Invalid("the whole differs")
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
