#!/usr/bin/env python3
"""deploy/setup/fetch_wheels.py: resumes, checks, keeps, and says what is wrong. usage: fetch_wheels_test.py ROOT"""

import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile

ROOT = pathlib.Path(sys.argv.pop(1))
NAME = "thing-1.0-py3-none-any.whl"
LIBTORCH = "torch-2.0-py3-none-any.whl"


def wheel():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("thing/lib/a.so", b"library" * 1000)
        archive.writestr("torch/lib/b.so", b"another")
        archive.writestr("thing/__init__.py", b"not wanted")
    return file.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """A package index whose wheels are all alike. The class holds what it serves and what it was asked."""

    content = b""
    ranges = []

    def do_GET(self):
        if self.path.startswith("/simple/"):
            body = json.dumps({"files": [{"filename": name, "url": "/files/" + name} for name in (NAME, LIBTORCH)]}).encode()
            self.answer(200, body)
        elif self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            Index.ranges.append(start)
            self.answer(206, Index.content[start:])
        else:
            Index.ranges.append(0)
            self.answer(200, Index.content)

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


class FetchWheels(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (self.server.shutdown(), thread.join(), self.server.server_close()))
        Index.content, Index.ranges = wheel(), []
        self.cache = self.folder / "cache"
        self.pin(hashlib.sha256(Index.content).hexdigest())

    def pin(self, digest):
        shutil.copy(ROOT / "deploy/setup/fetch_wheels.py", self.folder)
        (self.folder / "wheels.txt").write_text(f"# comment\nthing {NAME} {digest} thing/\n")

    def fetch(self, *options, port=None):
        index = f"http://127.0.0.1:{port or self.server.server_port}/simple"
        return subprocess.run(
            [sys.executable, self.folder / "fetch_wheels.py", self.cache, *options],
            env={**os.environ, "PIP_INDEX_URL": index},
            capture_output=True,
            text=True,
        )

    def test_unpacks_what_is_wanted_and_fetches_once(self):
        self.assertEqual(self.fetch().returncode, 0)
        unpacked = self.cache / NAME.removesuffix(".whl")
        self.assertTrue((unpacked / "thing/lib/a.so").is_file())
        self.assertFalse((unpacked / "thing/__init__.py").exists())
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(Index.ranges, [0])

    def test_goes_on_where_a_download_broke_off(self):
        self.cache.mkdir()
        (self.cache / (NAME + ".part")).write_bytes(Index.content[:100])
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(Index.ranges, [100])

    def test_a_wrong_checksum_is_refused_and_not_kept(self):
        self.pin("0" * 64)
        answer = self.fetch()
        self.assertEqual(answer.returncode, 1)
        self.assertIn("SHA-256", answer.stderr)
        self.assertEqual(list(self.cache.iterdir()), [])

    def test_cudas_libraries_come_only_when_asked_for_and_lie_where_libtorch_looks(self):
        digest = hashlib.sha256(Index.content).hexdigest()
        (self.folder / "wheels.txt").write_text(f"torch {LIBTORCH} {digest} torch/\n")
        (self.folder / "cuda-wheels.txt").write_text(f"thing {NAME} {digest} thing/lib/\n")
        below_libtorch = self.cache / LIBTORCH.removesuffix(".whl") / "thing/lib/a.so"
        self.assertEqual(self.fetch().returncode, 0)
        self.assertFalse(below_libtorch.exists())
        self.assertEqual(self.fetch("--cuda").returncode, 0)
        self.assertEqual(below_libtorch.read_bytes(), b"library" * 1000)
        shutil.rmtree(self.cache / LIBTORCH.removesuffix(".whl"))  # as a newer LibTorch would begin
        self.assertEqual(self.fetch("--cuda").returncode, 0)
        self.assertTrue(below_libtorch.exists())
        self.assertEqual(len(Index.ranges), 3)

    def test_without_a_network_it_says_what_to_do(self):
        port = self.server.server_port
        self.server.shutdown()
        self.server.server_close()
        answer = self.fetch(port=port)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("cannot be reached", answer.stderr)
        self.assertIn("run this again", answer.stderr)


if __name__ == "__main__":
    unittest.main()
