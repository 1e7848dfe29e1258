#!/usr/bin/env python3
"""Installs what was built into a temporary prefix, uses it there, and packs it. usage: install_test.py ROOT BUILD"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop())
ROOT = pathlib.Path(sys.argv.pop())


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.prefix = cls.folder / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "ofsweep")

    def test_the_program_runs_where_it_was_installed(self):
        program = self.prefix / "bin/ofsweep"
        self.assertEqual(run(program, "--version"), run(BUILD / "bin/ofsweep", "--version"))
        self.assertIn("6 trials", run(
            program, "submit", ROOT / "sweeps/quickstart.yaml", "--validate-only", "--data-dir", self.folder / "none"))

    def test_the_manual_is_read_without_a_warning_and_the_completions_are_those_of_the_program(self):
        manual = self.prefix / "share/man/man1/ofsweep.1"
        formatted = subprocess.run(["groff", "-man", "-ww", "-Kutf8", "-Tutf8", manual], capture_output=True, text=True, check=True)
        self.assertEqual(formatted.stderr, "")
        self.assertIn("OFSWEEP_COORDINATOR", formatted.stdout)
        for shell, file in {"bash": "bash-completion/completions/ofsweep", "zsh": "zsh/vendor-completions/_ofsweep",
                            "fish": "fish/vendor_completions.d/ofsweep.fish"}.items():
            self.assertEqual((self.prefix / "share" / file).read_text(),
                             run(self.prefix / "bin/ofsweep", "completion", shell))

    def test_a_client_finds_the_package_and_calls_a_coordinator(self):
        build = self.folder / "client"
        run("cmake", "-S", ROOT / "tests/deploy/client", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-G", "Ninja")
        run("cmake", "--build", build)
        command = [self.prefix / "bin/ofsweep", "coordinator", "--data-dir", self.folder / "data", "--grpc", "127.0.0.1:0",
                   "--http", "127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as coordinator:
            try:
                address = re.search(r"grpc (\S+)", coordinator.stdout.readline()).group(1)
                token = (self.folder / "data/access-token").read_text().strip()
                self.assertEqual(run(build / "client", address, token), "0 sweeps\n")
            finally:
                coordinator.terminate()

    @unittest.skipUnless((BUILD / "bin/ofsweep-trainer").exists(), "the trainer was not built")
    def test_doctor_provides_libtorch_beside_an_installed_trainer(self):
        prefix = self.folder / "with-trainer"
        for component in ("ofsweep", "trainer"):
            run("cmake", "--install", BUILD, "--prefix", prefix, "--component", component)
        doctor = [prefix / "bin/ofsweep", "doctor", "--install-trainer", "--json", "--data-dir", self.folder]

        unreachable = subprocess.run(
            doctor, env={**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, capture_output=True, text=True, check=False)
        self.assertEqual(unreachable.returncode, 1)
        self.assertIn("the package index cannot be reached", unreachable.stderr)
        self.assertIn("LibTorch was not fetched", unreachable.stderr)

        # What the build has fetched already stands for what would be.
        cache = pathlib.Path(re.search(r"^OFSWEEP_CACHE:PATH=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M).group(1))
        wheels = [line.split()[1] for line in (ROOT / "deploy/setup/wheels.txt").read_text().splitlines() if not line.startswith("#")]
        for wheel in wheels:
            (prefix / "lib/ofsweep" / wheel.removesuffix(".whl")).symlink_to(cache / wheel.removesuffix(".whl"))
        checks = {check["check"]: check for check in json.loads(run(*doctor))}
        self.assertEqual(checks["trainer"]["state"], "ok", checks)
        # Where the dynamic linker looks on a machine without the build's cache.
        paths = re.search(r"\[(.*)\]", run("readelf", "-d", prefix / "bin/ofsweep-trainer").split("(RPATH)")[1]).group(1).split(":")
        beside = [pathlib.Path(path.replace("$ORIGIN", str(prefix / "bin"))).resolve() for path in paths if path.startswith("$ORIGIN")]
        self.assertEqual([path.is_dir() for path in beside], [True, True, True], beside)
        self.assertTrue((beside[0] / "libtorch_cpu.so").exists())

    def test_doctor_says_that_nothing_is_fetched_where_no_trainer_was_installed(self):
        doctor = subprocess.run([self.prefix / "bin/ofsweep", "doctor", "--install-trainer"], capture_output=True, text=True, check=False)
        self.assertEqual(doctor.returncode, 1)
        self.assertIn("no ofsweep-trainer was installed", doctor.stderr)

    def test_the_units_are_valid(self):
        for unit in (self.prefix / "lib/systemd/system").iterdir():
            # systemd looks for the program in the folders of the system, where this test installs nothing.
            copy = self.folder / unit.name
            copy.write_text(unit.read_text().replace("ExecStart=ofsweep", f"ExecStart={self.prefix}/bin/ofsweep"))
            run("systemd-analyze", "verify", "--man=no", copy)

    def test_the_debian_package_depends_on_what_it_links_and_holds_no_libtorch(self):
        run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-D", "CPACK_COMPONENTS_ALL=ofsweep", "-B",
            self.folder / "packages")
        [package] = (self.folder / "packages").glob("*.deb")
        about = run("dpkg-deb", "--info", package)
        self.assertRegex(about, r"Package: ofsweep\n")
        self.assertRegex(about, r"Depends: .*libgrpc\+\+")
        contents = run("dpkg-deb", "--contents", package)
        for path in ("usr/bin/ofsweep", "usr/share/man/man1/ofsweep.1", "usr/lib/systemd/system/ofsweep-worker.service",
                     "usr/share/ofsweep/proto/ofsweep/v1/sweep.proto", "usr/share/cmake/ofsweep/ofsweepConfig.cmake"):
            self.assertIn(path, contents)
        self.assertNotIn("torch", contents)


if __name__ == "__main__":
    unittest.main()
