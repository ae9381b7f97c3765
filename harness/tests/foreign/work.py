"""The rounds of work.c: `work.py HOW DIR N`."""

import fcntl
import os
import subprocess
import sys
import threading


def round_of(dir):
    sub, file, other = (f"{dir}/{name}" for name in ("sub", "file", "other"))
    os.mkdir(sub, 0o700)
    fd = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(fd, b"42\n")
    os.fsync(fd)
    os.ftruncate(fd, 0)
    os.fchmod(fd, 0o644)
    os.symlink("file", other)
    os.unlink(other)
    os.link(file, other)
    os.rename(other, file)
    os.unlink(other)
    os.lstat(file)
    os.unlink(file)
    os.close(fd)
    os.rmdir(sub)
    os.kill(os.getpid(), 0)


def rounds(dir, n):
    for _ in range(n):
        round_of(dir)


def threads(dir, n):
    dirs = [f"{dir}/{i}" for i in range(4)]
    for d in dirs:
        os.mkdir(d, 0o700)
    all = [threading.Thread(target=rounds, args=(d, n)) for d in dirs]
    for thread in all:
        thread.start()
    for thread in all:
        thread.join()
    for d in dirs:
        os.rmdir(d)


how, dir, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
if how in ("alone", "again"):
    rounds(dir, n)
elif how == "threads":
    threads(dir, n)
elif how == "child":
    # vfork, where this Python has it.
    subprocess.run([sys.executable, "-ISB", sys.argv[0], "again", dir, str(n)], check=True)
else:
    sys.exit(f"no way `{how}`")
if how != "again":
    os.mkdir(f"{dir}/done", 0o700)
