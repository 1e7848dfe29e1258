"""Who the client says that calls, against real coordinators."""

import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

import world

import ofsweep


def make_token(name: str, role: str, file: pathlib.Path, address: str, *options: str) -> pathlib.Path:
    line = [world.program(), "token", "make", name, "--role", role, "--out", file, "--coordinator", address, *options]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return file


def nobody():
    """A user to whom no coordinator has left its token."""
    return mock.patch.dict(os.environ, {"HOME": "/nonexistent", "XDG_STATE_HOME": "/nonexistent"})


class Tokens(unittest.TestCase):
    def test_the_token_of_ones_own_coordinator_is_found(self):
        with world.client() as client:
            self.assertIn(world.BLOCKS, list(client.sweeps()["sweep"]))

    def test_who_says_nothing_is_told_what_to_say(self):
        with nobody(), ofsweep.connect(world.address()) as client:
            with self.assertRaises(ofsweep.Unauthenticated) as refused:
                client.sweeps()
        self.assertIn("--token-file", str(refused.exception))

    def test_a_role_may_do_what_it_is_for(self):
        with tempfile.TemporaryDirectory() as folder:
            token = make_token("reader", "read", pathlib.Path(folder) / "token", world.address())
            with nobody(), ofsweep.connect(world.address(), token_file=token) as client:
                self.assertIn(world.BLOCKS, list(client.sweeps()["sweep"]))
                with self.assertRaises(ofsweep.PermissionDenied):
                    client.cancel(world.BLOCKS)
            with nobody(), mock.patch.dict(os.environ, {"OFSWEEP_TOKEN_FILE": str(token)}):
                with ofsweep.connect(world.address()) as client:
                    self.assertIn(world.BLOCKS, list(client.sweeps()["sweep"]))

    def test_a_file_that_cannot_be_used_is_named_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            token = pathlib.Path(folder) / "token"
            for options in ({"token_file": token}, {"tls_ca": token}, {"tls_cert": token}):
                with self.assertRaises(ofsweep.InvalidArgument):
                    ofsweep.connect(world.address(), **options)
            token.write_text("open sesame")
            token.chmod(0o644)
            with self.assertRaises(ofsweep.InvalidArgument) as refused:
                ofsweep.connect(world.address(), token_file=token)
            self.assertIn(f"chmod 600 {token}", str(refused.exception))
            self.assertNotIn("sesame", str(refused.exception))


class Tls(unittest.TestCase):
    def test_a_coordinator_with_a_certificate_is_trusted_by_its_authority_alone(self):
        with tempfile.TemporaryDirectory() as folder, world.coordinator() as (start, address, data):
            files = make_certificates(pathlib.Path(folder))
            start(tls_cert=files / "server.pem", tls_key=files / "server.key", tls_client_ca=files / "ca.pem")
            token = data / "access-token"
            with ofsweep.connect(address, tls_ca=files / "ca.pem", token_file=token) as client:
                self.assertEqual(len(client.sweeps()), 0)
            with ofsweep.connect(address, token_file=token, timeout=10) as client:
                with self.assertRaises(ofsweep.Unavailable):
                    client.sweeps()
            make_token("spiffe://lab/notebook", "read", files / "none", address, "--tls-ca", str(files / "ca.pem"))
            own = {"tls_cert": files / "notebook.pem", "tls_key": files / "notebook.key"}
            with nobody(), ofsweep.connect(address, tls_ca=files / "ca.pem", **own) as client:
                self.assertEqual(len(client.sweeps()), 0)


def make_certificates(folder: pathlib.Path) -> pathlib.Path:
    def openssl(*words: object) -> None:
        subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test")
    for name, alternative in (("server", "IP:127.0.0.1"), ("notebook", "URI:spiffe://lab/notebook")):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", f"{name}.ext"]
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return folder


if __name__ == "__main__":
    unittest.main()
