"""Runs the tests of this folder on one coordinator and worker, which have trained the sweeps of world.py. usage:
suite.py OFSWEEP [TEST …]"""

import pathlib
import sys
import tempfile
import unittest

import world


def main() -> int:
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory(prefix="ofsweep-clients-") as folder:
        with world.start(pathlib.Path(folder), pathlib.Path(sys.argv[1]).resolve()):
            loader = unittest.defaultTestLoader
            tests = loader.loadTestsFromNames(sys.argv[2:]) if sys.argv[2:] else loader.discover(str(here), "*_test.py")
            result = unittest.TextTestRunner(verbosity=2).run(tests)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
