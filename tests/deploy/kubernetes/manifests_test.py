"""deploy/kubernetes: what kustomize makes of it is valid to the API server's schemas, keeps what the cluster is promised,
and starts ofsweep with options that it has. usage: manifests_test.py OFSWEEP"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

from environment import enter  # noqa: E402

enter(pathlib.Path(__file__).parent / "requirements.txt")

import yaml  # noqa: E402

BIN = pathlib.Path(sys.executable).parent
KUSTOMIZATIONS = ("base", "workers", "kueue")
OFSWEEP = sys.argv.pop(1)


def build(name):
    made = subprocess.run(
        [BIN / "kubectl", "kustomize", ROOT / "deploy" / "kubernetes" / name], check=True, capture_output=True, text=True
    )
    return made.stdout


def objects(kind):
    found = [one for name in KUSTOMIZATIONS for one in yaml.safe_load_all(build(name)) if one["kind"] == kind]
    assert found, f"there is no {kind}"
    return found


def pod_specs():
    return [one["spec"]["template"]["spec"] for kind in ("StatefulSet", "Job") for one in objects(kind)]


class Manifests(unittest.TestCase):
    def test_every_object_is_valid(self):
        for name in KUSTOMIZATIONS:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(build(name))
                file.flush()
                checked = subprocess.run(
                    [BIN / "kubernetes-validate", "--strict", file.name], capture_output=True, text=True, check=False
                )
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_wrong_field_is_found(self):
        """Else the test above could not fail."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(build("workers").replace("backoffLimitPerIndex", "backoffLimitPerIndx"))
            file.flush()
            checked = subprocess.run([BIN / "kubernetes-validate", "--strict", file.name], capture_output=True, check=False)
        self.assertNotEqual(checked.returncode, 0)

    def test_options_are_those_of_the_program(self):
        for spec in pod_specs():
            for container in spec["containers"]:
                command, *options = container["args"]
                told = subprocess.run([OFSWEEP, command, "--help"], check=True, capture_output=True, text=True).stdout
                for option in options:
                    name = option.partition("=")[0]
                    self.assertRegex(told, rf"{re.escape(name)}\b", f"ofsweep {command} has no {name}")

    def test_pods_are_as_restricted_as_the_namespace_demands(self):
        for spec in pod_specs():
            self.assertTrue(spec["securityContext"]["runAsNonRoot"])
            self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertFalse(spec["automountServiceAccountToken"])
            for container in spec["containers"]:
                context = container["securityContext"]
                self.assertFalse(context["allowPrivilegeEscalation"])
                self.assertTrue(context["readOnlyRootFilesystem"])
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})

    def test_a_preempted_worker_is_no_failure_and_has_time_for_its_checkpoint(self):
        for job in objects("Job"):
            rules = job["spec"]["podFailurePolicy"]["rules"]
            self.assertIn({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}, rules)
            pod = job["spec"]["template"]["spec"]
            self.assertEqual(pod["restartPolicy"], "Never")
            [grace] = [int(text.partition("=")[2]) for text in pod["containers"][0]["args"] if text.startswith("--stop-grace")]
            self.assertGreater(pod["terminationGracePeriodSeconds"], grace)

    def test_who_provisions_may_do_that_alone(self):
        [role] = objects("Role")
        self.assertEqual(
            role["rules"], [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "create", "patch"]}]
        )


if __name__ == "__main__":
    unittest.main()
