#!/usr/bin/env python3
"""Each rule finds what it is there to find."""

import unittest

from check_repository import problems_of, types_defined_twice


def problems(path, text):
    return list(problems_of(path, text))


class Rules(unittest.TestCase):
    def test_clean_file_passes(self):
        self.assertEqual(problems("experiment/a.h", "#pragma once\nint F();\n"), [])

    def test_long_file(self):
        self.assertEqual(len(problems("experiment/a.cc", "int x;\n" * 501)), 1)
        self.assertEqual(problems("experiment/a.cc", "int x;\n" * 500), [])

    def test_long_function(self):
        body = "  x();\n" * 69
        self.assertEqual(len(problems("experiment/a.cc", "void F() {\n" + body + "}\n")), 1)
        self.assertEqual(problems("experiment/a.cc", "void F() {\n" + "  x();\n" * 68 + "}\n"), [])

    def test_long_member_function_inside_a_class(self):
        text = "class A {\n  void F() {\n" + "    x();\n" * 70 + "  }\n};\n"
        self.assertEqual(len(problems("experiment/a.cc", text)), 1)

    def test_a_constructor_ends_where_its_own_brace_closes(self):
        text = "A::A(int x)\n    : x_(x) {\n  y();\n}\n" + "int z;\n" * 80 + "void F() {\n}\n"
        self.assertEqual(problems("experiment/a.cc", text), [])
        self.assertEqual(len(problems("experiment/a.cc", "A::A(int x)\n    : x_(x) {\n" + "  y();\n" * 70 + "}\n")), 1)

    def test_direction_of_dependencies(self):
        self.assertTrue(problems("storage/a.cc", '#include "coordinator/coordinator.h"\n'))
        self.assertTrue(problems("worker/a.cc", '#include "storage/store.h"\n'))
        self.assertTrue(problems("worker/a.cc", '#include "coordinator/coordinator.h"\n'))
        self.assertTrue(problems("monitoring/a.cc", '#include "storage/store.h"\n'))
        self.assertTrue(problems("host/a.cc", '#include "experiment/value.h"\n'))
        self.assertFalse(problems("coordinator/a.cc", '#include "storage/store.h"\n'))
        self.assertFalse(problems("worker/a.cc", '#include "monitoring/http_server.h"\n'))
        self.assertFalse(problems("trainer/a.cc", '#include "host/cores.h"\n'))
        self.assertFalse(problems("tests/a.cc", '#include "coordinator/coordinator.h"\n'))

    def test_one_home_for_each_library(self):
        self.assertTrue(problems("worker/a.cc", "#include <torch/torch.h>\n"))
        self.assertTrue(problems("coordinator/a.cc", "#include <sqlite3.h>\n"))
        self.assertTrue(problems("coordinator/server.cc", "#include <boost/beast/http.hpp>\n"))
        self.assertFalse(problems("storage/a.cc", "#include <sqlite3.h>\n"))

    def test_headers_are_included_once(self):
        self.assertTrue(problems("experiment/a.h", "int F();\n"))

    def test_a_type_is_defined_once(self):
        header = "namespace ofsweep {\nclass A {\n};\n}\n"
        self.assertTrue(list(types_defined_twice({"storage/a.h": header, "cli/b.h": header})))
        unnamed = "namespace {\nstruct A {\n};\n}  // namespace\n"
        self.assertFalse(list(types_defined_twice({"storage/a.h": header, "cli/b.cc": unnamed})))
        self.assertFalse(list(types_defined_twice({"storage/a.h": header, "cli/b.h": "class A;\nclass A::B {\n};\n"})))

    def test_paths_of_one_machine(self):
        self.assertTrue(problems("docs/a.md", "see /" + "home/me/x\n"))
        self.assertFalse(problems("docs/a.md", "see ~/.cache/x and $HOME/x\n"))


if __name__ == "__main__":
    unittest.main()
