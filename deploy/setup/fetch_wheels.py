#!/usr/bin/env python3
"""Fetches the wheels of wheels.txt and unpacks what the build needs of them: LibTorch, and the error messages of google.rpc.

usage: fetch_wheels.py CACHE_DIR [--cuda]

With --cuda also CUDA's libraries, cuda-wheels.txt (2 GB), and links them below LibTorch's folder, where its GPU half looks for them.
Files come from the package index that pip is configured for. A download that broke off is resumed, every file is checked
against its SHA-256, and a second call finds everything in CACHE_DIR and fetches nothing.
"""

import hashlib
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile

CHUNK = 1 << 20
HERE = pathlib.Path(__file__).resolve().parent


class FetchError(Exception):
    """What went wrong and how to mend it, in one line."""


def pip_setting(name: str) -> str:
    value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if value:
        return value
    found = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global." + name], capture_output=True, text=True
    )
    return found.stdout.strip()


def index_url() -> str:
    configured = pip_setting("index-url")
    if configured:
        return configured
    from pip._internal.models.index import PyPI  # pip's own default

    return PyPI.simple_url


def tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pip_setting("cert") or None)


def file_url(project: str, file_name: str) -> str:
    page = index_url().rstrip("/") + "/" + project + "/"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, context=tls(), timeout=60) as answer:
        files = json.load(answer)["files"]
    for file in files:
        if file["filename"] == file_name:
            return urllib.parse.urljoin(page, file["url"])
    raise FetchError(f"the package index does not offer {file_name}; mend its line in deploy/setup/*wheels.txt or pip's index-url")


def sha256(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def show_progress(name: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name}: {done >> 20} of {total >> 20} MiB ", end="", file=sys.stderr, flush=True)


def append_rest(url: str, part: pathlib.Path) -> None:
    """Downloads what `part` does not hold yet."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, context=tls(), timeout=60) as answer:
        resumed = answer.status == 206
        done = have if resumed else 0
        total = done + int(answer.headers.get("Content-Length", 0))
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(CHUNK):
                file.write(block)
                done += len(block)
                show_progress(part.stem, done, total)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def download(project: str, file_name: str, digest: str, cache: pathlib.Path) -> pathlib.Path:
    part = cache / (file_name + ".part")
    print(f"fetching {file_name}", file=sys.stderr)
    url = file_url(project, file_name)
    try:
        append_rest(url, part)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the part is whole already
            raise
    if sha256(part) != digest:
        part.unlink()
        raise FetchError(f"{file_name} does not have the pinned SHA-256; it was deleted, run this again")
    return part


def unpack(wheel: pathlib.Path, prefix: str, target: pathlib.Path) -> None:
    staging = target.with_name(target.name + ".unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.startswith(prefix) and not name.endswith(".py")]
        archive.extractall(staging, members)
    staging.rename(target)


def provide(project: str, file_name: str, digest: str, prefix: str, cache: pathlib.Path) -> None:
    target = folder_of(file_name, cache)
    if target.exists():
        return
    wheel = download(project, file_name, digest, cache)
    unpack(wheel, prefix, target)
    wheel.unlink()


def link_below(tree: pathlib.Path, unpacked: pathlib.Path) -> None:
    for file in unpacked.rglob("*"):
        if file.is_dir():
            continue
        link = tree / file.relative_to(unpacked)
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)  # one whose file has gone
            link.symlink_to(os.path.relpath(file, link.parent))


def pinned(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def folder_of(file_name: str, cache: pathlib.Path) -> pathlib.Path:
    return cache / file_name.removesuffix(".whl")


def provide_all(cache: pathlib.Path, cuda: bool) -> None:
    wheels = pinned("wheels.txt")
    for wheel in wheels:
        provide(*wheel, cache)
    if not cuda:
        return
    libtorch = next(folder_of(file_name, cache) for project, file_name, *_ in wheels if project == "torch")
    for wheel in pinned("cuda-wheels.txt"):
        provide(*wheel, cache)
        link_below(libtorch, folder_of(wheel[1], cache))


def main() -> int:
    if sys.argv[2:] not in ([], ["--cuda"]) or len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    cache = pathlib.Path(sys.argv[1])
    try:
        cache.mkdir(parents=True, exist_ok=True)
        provide_all(cache, sys.argv[2:] == ["--cuda"])
    except FetchError as error:
        print(f"fetch_wheels.py: {error}", file=sys.stderr)
        return 1
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        print(
            f"fetch_wheels.py: the package index cannot be reached ({error}). Connect this machine to it (or set pip's "
            f"index-url to a mirror) and run this again: what has arrived in {cache} is kept.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(f"fetch_wheels.py: {error}; free some space in {cache} or set OFSWEEP_CACHE to another folder", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
