"""Lets Terraform and its AWS provider, which are not ours, judge the emulator in its foreground mode: is what is declared
made, is nothing left to do afterwards, and does it all go away again?

Needs a `terraform` on the PATH that finds the provider hashicorp/aws without the network: in a mirror named by
TERRAFORM_PLUGINS. Without them it is skipped.

Usage: python tests/judges/terraform.py
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from foreground import emulator

DECLARATION = pathlib.Path(__file__).with_name("terraform.tf")


def main() -> int:
    terraform = shutil.which("terraform")
    plugins = os.environ.get("TERRAFORM_PLUGINS")
    if not terraform or not plugins:
        print("skipped  there is no Terraform, or TERRAFORM_PLUGINS does not say where its AWS provider is")
        print("\n0 passed, 0 failed, 1 skipped")
        return 0
    with emulator() as environment, tempfile.TemporaryDirectory() as folder:
        shutil.copy(DECLARATION, folder)
        # No settings of anybody's.
        config = pathlib.Path(folder, "config.tfrc")
        config.write_text("disable_checkpoint = true\n")
        environment |= {"TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"}

        def run(*arguments):
            call = [terraform, *arguments]
            return subprocess.run(call, cwd=folder, env=environment, text=True, capture_output=True)

        for what, arguments in (
            ("finds its provider", ("init", f"-plugin-dir={plugins}")),
            ("makes what is declared", ("apply", "-auto-approve")),
            ("has nothing left to do", ("plan", "-detailed-exitcode")),
            ("takes it all away", ("destroy", "-auto-approve")),
        ):
            result = run(*arguments, "-no-color", "-input=false")
            if result.returncode != 0:
                print(f"failed  Terraform {what}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
                print("\n0 passed, 1 failed, 0 skipped")
                return 1
            print(f"passed  Terraform {what}")
    print("\n4 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
