"""Become another program that ends with its parent: `python -I -S tether.py PARENT PROGRAM ARGUMENTS…`.

A killed supervisor cannot end its children; on Linux the kernel does it, if each child asked before.
This file is run alone, by path, and imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> None:
    """Ask for SIGTERM at the parent's death, then become the program."""
    parent, program = int(words[0]), words[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - becoming our own program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
