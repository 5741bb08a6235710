"""Runs a command as a child that ends with its test: `python launch.py [--offline] COMMAND ...`.

Ctrl-C works in it even where it is switched off in its parent, as it is in a shell's background
jobs, and it is killed when its parent dies. With --offline the kernel ends any process of the
command that connects to a host or opens a socket for datagrams, which a look-up of a name needs;
servers may listen. The rules hold for everything that it starts, and need no privilege.
Imports little, because it is started often.
"""

import ctypes
import os
import signal
import struct
import sys

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 1, 38, 22, 2
_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000
_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06  # instructions of the kernel's filters
_NUMBER, _FIRST, _SECOND, _THIRD = 0, 16, 24, 32  # where number and arguments are (little-endian)
_INET, _INET6, _TYPE, _DATAGRAM, _RAW = 2, 10, 0xF, 2, 3
_UNIX_BYTES = 110  # of the address of a socket of this machine, as C libraries give it
_CALLS = {"x86_64": (42, 41), "aarch64": (203, 198)}  # connect and socket


def can_watch() -> bool:
    """Whether this system is one whose calls are known here: Linux on x86-64 or ARM."""
    return sys.platform == "linux" and os.uname().machine in _CALLS


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _call(*arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(*arguments):
        raise OSError(ctypes.get_errno(), f"prctl{arguments[:2]} was refused")


def _go_offline() -> None:
    connect, socket = _CALLS[os.uname().machine]
    steps = (  # (instruction, jump if equal, jump if not, value)
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 8, 0, connect),
        (_EQUAL, 0, 10, socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, _INET),
        (_EQUAL, 0, 7, _INET6),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _TYPE),
        (_EQUAL, 3, 0, _DATAGRAM),
        (_EQUAL, 2, 3, _RAW),
        (_LOAD, 0, 0, _THIRD),
        (_EQUAL, 1, 0, _UNIX_BYTES),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    _call(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def end_with_parent() -> None:
    """Let the kernel kill this process when the one that started it dies, where the kernel can."""
    if sys.platform == "linux":
        _call(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    parent, offline, command = int(sys.argv[1]), sys.argv[2] == "--offline", sys.argv[3:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    if os.getppid() != parent:  # it died meanwhile
        return
    if offline:
        _go_offline()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
