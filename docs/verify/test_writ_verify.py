#!/usr/bin/env python3
"""Alters a writ file many times, and sees to it that `writ verify` and
writ_verify.py say the same yes or no of every one.

    test_writ_verify.py WRIT FILE ORGANIZATION [COUNT] [SEED]

WRIT is the program, FILE a good writ file. The alterations are determined by
SEED. Exit code: 0 if they agree, and every alteration was refused.
"""

import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile

import writ_verify


def lines_of(data):
    return data.splitlines(keepends=True)


def change_byte(data, dice):
    at = dice.randrange(len(data))
    other = dice.choice([data[at] ^ 1 << dice.randrange(8), dice.randrange(256)])
    return data[:at] + bytes([other]) + data[at + 1:]


def change_case(data, dice):
    letters = [at for at, byte in enumerate(data) if chr(byte).isascii() and chr(byte).isalpha()]
    at = dice.choice(letters)
    return data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]


def remove_bytes(data, dice):
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.choice([1, 1, 2, 40]):]


def insert_bytes(data, dice):
    at = dice.randrange(len(data) + 1)
    extra = dice.choice([b"\n", b" ", b"\r", b"0", b"=", b"\0", b"\xff", b"\n\n", b"{}", b'"'])
    return data[:at] + extra + data[at:]


def remove_line(data, dice):
    lines = lines_of(data)
    del lines[dice.randrange(len(lines))]
    return b"".join(lines)


def repeat_line(data, dice):
    lines = lines_of(data)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return b"".join(lines)


def swap_lines(data, dice):
    lines = lines_of(data)
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def change_number(data, dice):
    digits = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    at = dice.choice(digits)
    return data[:at] + str(dice.randrange(10)).encode() + data[at + 1:]


def change_padding(data, dice):
    places = [at for at in range(len(data)) if data[at:at + 1] == b"="] or [len(data) - 1]
    at = dice.choice(places)
    return data[:at] + dice.choice([b"", b"==", b"A"]) + data[at + 1:]


def change_last_digit(data, dice):
    """The same base64 value with other bits behind its end."""
    places = [at for at in range(1, len(data)) if data[at:at + 1] == b"=" and data[at - 1] != 61]
    at = dice.choice(places or [1]) - 1
    return data[:at] + bytes([data[at] + dice.choice([1, 2])]) + data[at + 1:]


def cut(data, dice):
    return data[:dice.randrange(len(data))]


ALTERATIONS = [change_byte, change_byte, change_case, remove_bytes, insert_bytes, remove_line,
               repeat_line, swap_lines, change_number, change_padding, change_last_digit, cut]


def theirs(writ, data, organization, folder, name):
    path = os.path.join(folder, str(name))
    with open(path, "wb") as file:
        file.write(data)
    done = subprocess.run([writ, "verify", path, "--organization", organization],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    os.remove(path)
    if done.returncode not in (0, 1):
        raise SystemExit(f"writ ended with {done.returncode}: {done.stderr.decode()}")
    return done.returncode == 0


def ours(data, organization):
    try:
        writ_verify.check_file(data, organization)
        return True
    except writ_verify.ODD:
        return False


def main():
    writ, path, organization = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 3000
    dice = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    with open(path, "rb") as file:
        good = file.read()
    altered = []
    while len(altered) < count:
        alter = dice.choice(ALTERATIONS)
        data = alter(good, dice)
        if data != good:
            altered.append((alter.__name__, data))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        if not (ours(good, organization) and theirs(writ, good, organization, folder, "good")):
            raise SystemExit("the good file is refused")
        def compare(numbered):
            name, (how, data) = numbered
            return how, data, ours(data, organization), theirs(
                writ, data, organization, folder, name)
        for how, data, mine, other in pool.map(compare, enumerate(altered)):
            if mine or other:
                with open("disagreed.writ", "wb") as file:
                    file.write(data)
                raise SystemExit(f"{how}: writ_verify.py says {mine}, writ says {other}; "
                                 "see disagreed.writ")
    print(f"{count} altered files: both refused every one")


if __name__ == "__main__":
    main()
