"""Copy the package into another project: `tools/vendor.py DEST [--name NAME] [--zip]`.

Without --zip, DEST is a folder (a project's `vendor/`, say) and gets the package as DEST/NAME, with a SHA256SUMS that
`sha256sum -c` takes. With --zip, DEST is one zip file that runs from PYTHONPATH. Either is the same byte for byte
wherever and whenever it is made: files are sorted, dated 1980-01-01 and stored, not compressed.
"""

import argparse
import hashlib
import keyword
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Dict

PACKAGE = Path(__file__).resolve().parent.parent / "trim_telemetry"
SUMS = "SHA256SUMS"
_KEPT = {".py", ".json", ".typed"}
_FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    """Make the copy and print its SHA-256. Exit code 2: it can't be made there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dest", type=Path, help="a folder, or with --zip the zip file to write")
    parser.add_argument("--name", default=PACKAGE.name, help="the copy's package name (trim_telemetry)")
    parser.add_argument("--zip", action="store_true", help="write one zip file that runs from PYTHONPATH")
    options = parser.parse_args()
    if not options.name.isidentifier() or keyword.iskeyword(options.name):
        parser.error(f"--name {options.name}: a package name is letters, digits and underscores, and no keyword")
    files = package_files()
    try:
        if options.zip:
            print(f"{write_zip(files, options.dest, options.name)}  {options.dest}")
        else:
            print(f"{write_folder(files, options.dest, options.name)}  {options.dest / options.name / SUMS}")
    except OSError as error:
        parser.error(str(error))
    return 0


def package_files() -> Dict[str, bytes]:
    """Return the package's files by their path in it, with forward slashes, sorted; and the licence they come under."""
    found = {
        path.relative_to(PACKAGE).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix in _KEPT and "__pycache__" not in path.parts
    }
    found["LICENSE"] = (PACKAGE.parent / "LICENSE").read_bytes()
    return dict(sorted(found.items()))


def write_folder(files: Dict[str, bytes], dest: Path, name: str) -> str:
    """Write the package as dest/name, in place of an earlier copy; return the SHA-256 of its SHA256SUMS."""
    target = dest / name
    if target.exists() and not (target / SUMS).is_file():
        raise FileExistsError(f"{target} is there and is no vendored copy (it has no {SUMS}): remove it first")
    dest.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dest) as folder:
        fresh = Path(folder, name)
        for path, content in files.items():
            place = fresh / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        sums = "".join(f"{_sha256(content)}  {path}\n" for path, content in files.items()).encode()
        (fresh / SUMS).write_bytes(sums)
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)
    return _sha256(sums)


def write_zip(files: Dict[str, bytes], dest: Path, name: str) -> str:
    """Write the package as one zip at dest; return its SHA-256."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    fresh = dest.with_name(dest.name + ".new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(f"{name}/{path}", _FIRST_ZIP_DATE)
            entry.create_system = 3  # else it names the system that it was made on
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    os.replace(fresh, dest)
    return _sha256(dest.read_bytes())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
