"""Which system user the stores run as, and where their programs and data are for that user.

PostgreSQL refuses to run as root. Under root the stores therefore run as another user, who has to be able to
pass through every folder above its programs and its data. Where that is not so (a checkout under /root), a
copy of the programs and the data go to a folder of the system, and the home holds a pointer to the data. The
rights of folders that are not ours are never changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from postbox.config.up.home import POINTER, Home, HomeError
from postbox.config.up.process import User

STATE = Path("/var/lib/postbox")
CANDIDATES = ("postgres", "pgserver", "postbox")


def store_user() -> User | None:
    """The user for the stores: None (ourselves) unless we are root. HomeError where root has nobody to give
    it to.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        if user := _existing(name):
            return user
    useradd = shutil.which("useradd")
    if useradd:
        subprocess.run(  # noqa: S603 (no input of others)
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", CANDIDATES[-1]],
            check=False,
            capture_output=True,
        )
    if user := _existing(CANDIDATES[-1]) or _existing("nobody"):
        return user
    raise HomeError(
        "PostgreSQL does not run as root, and there is no other user here. Run `postbox up` as a normal user."
    )


def data_folder(home: Home, user: User | None, state: Path = STATE) -> Path:
    """The folder that holds the folders of the stores. It exists; each store makes its own in it."""
    pointer = home.path / POINTER
    if pointer.exists():
        folder = Path(pointer.read_text().strip())
    elif can_pass(home.path, user):
        return home.path
    else:
        folder = state / _digest(str(home.path))
        _make_public(state, folder)
        pointer.write_text(f"{folder}\n")
    if not folder.is_dir() or not can_pass(folder, user):
        raise HomeError(f"{pointer} names {folder}, which cannot be reached. Put it back, or use another --home.")
    return folder


def private_folder(path: Path, user: User | None) -> Path:
    """Make `path`, for the user of the stores only."""
    path.mkdir(exist_ok=True)
    path.chmod(0o700)
    if user:
        os.chown(path, user.uid, user.gid)
    return path


def programs(root: Path, parts: tuple[str, ...], user: User | None, state: Path = STATE) -> Path:
    """Where these `parts` (files and folders under `root`, their layout kept) can be run from by that user.

    That is `root`, or else a copy of the parts, made once for each version of them.
    """
    if all(can_pass(root / part, user) for part in parts):
        return root
    stamp = "".join(f"{root / part}{(root / part).stat().st_mtime_ns}" for part in parts)
    copy = state / f"programs-{_digest(stamp)}"
    if not copy.exists():
        _make_public(state)
        draft = copy.with_name(f"{copy.name}.{os.getpid()}.new")
        for part in parts:
            target = draft / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (root / part).is_dir():
                shutil.copytree(root / part, target, symlinks=True)
            else:
                shutil.copy2(root / part, target)
        _open_up(draft)
        draft.replace(copy)
    return copy


def can_pass(path: Path, user: User | None) -> bool:
    """Whether that user can enter (or run) `path`. Asked of the kernel in a child, as rights are more than
    mode bits.
    """
    if user is None:
        return True
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            os._exit(0 if os.access(path, os.X_OK) else 1)
        except BaseException:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def _digest(text: str) -> str:
    import hashlib  # loads OpenSSL, which the supervisor can mostly do without

    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _existing(name: str) -> User | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_public(*folders: Path) -> None:
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
    except OSError as error:
        raise HomeError(
            f"PostgreSQL does not run as root, its user cannot enter this folder, and {folder} cannot "
            f"be made ({error}). Run `postbox up` as a normal user, or use a --home that others can pass through."
        ) from error


def _open_up(folder: Path) -> None:
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
