# SPDX-License-Identifier: Apache-2.0
"""A library of the kit that is preloaded into servers, and the number in a file by which it is told what to do."""
import shutil

from kit.gate import build_folder
from kit.slapd import give_away, short_folder


class Preloaded:
    """name: of build/*/kit/NAME.so, which maps the file that the variable of that name in capitals names."""

    def __init__(self, name):
        self.folder = short_folder("preload-")
        self.folder.chmod(0o755)
        path = self.folder / "number"
        path.write_bytes(bytes(8))
        give_away(path)
        self.environment = {name.upper(): str(path), "LD_PRELOAD": str((build_folder() / f"kit/{name}.so").resolve())}
        self.file = open(path, "r+b", buffering=0)

    def set(self, number):
        self.file.seek(0)
        self.file.write(number.to_bytes(8, "little", signed=True))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        shutil.rmtree(self.folder)
