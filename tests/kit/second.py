# SPDX-License-Identifier: Apache-2.0
"""Another daemon beside a house's own: the same database, directory, keys and configuration, on a port of its own."""
import collections
import shutil

from kit.house import House, houses
from kit.slapd import give_away


class Second(House):
    """Of a house that has been started. What `with` ends is this daemon; the house stays."""

    def __init__(self, house):
        alone = {"process": None, "port": None, "url": None, "_rescue": None, "_link": None, "expects_errors": False}
        self.__dict__.update({**house.__dict__, **alone, "folder": house.folder / "second",
                              "traffic": collections.deque(maxlen=30)})
        self.folder.mkdir(mode=0o755)
        shutil.copy2(house.folder / "token.key", self.folder)
        for path in self.folder, self.folder / "token.key":
            give_away(path)
        houses.add(self)

    def remove(self):
        if self.process:
            self.kill()
        if self._link:
            self._link.close()
        shutil.rmtree(self.folder)
