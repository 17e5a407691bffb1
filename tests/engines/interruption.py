# SPDX-License-Identifier: BSD-2-Clause
"""A worker of an engine is killed in the middle of its work, at a point that the test chooses.

Workers and test speak through files, as the engines have no word for this. Whichever worker comes
to the chosen sample first waits until enough of the collection is done, tells its process id, and
never goes on; the test kills it. Whoever gets that sample later passes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from bedtok.io.cell_tokens import CellTokenizer
from bedtok.io.sample_tokens import FileTokenizer
from bedtok.io.tokenized import CellRange, Tokenized

PATIENCE = 60.0  # seconds; nothing here takes more than some
PAUSE = 0.01


@dataclass(frozen=True)
class Interruption:
    """What is planned; it pickles, so that workers have it, too.

    Attributes:
        folder: Where the files lie.
        at: The worker dies that has this sample.
        after: How many samples must have been done by then.
        home: The process of the test, which does none of the work.
    """

    folder: Path
    at: str
    after: int
    home: int = field(default_factory=os.getpid)

    # ---- in a worker

    def before(self, samples: Iterable[str]) -> None:
        """Note that this process begins with these samples; stop if this is the point."""
        samples = list(samples)
        if os.getpid() == self.home:
            raise AssertionError(f"the test's own process has {samples}, not a worker")
        self._note("begun", samples)
        if self.at not in samples or self._killed.exists():
            return
        deadline = time.monotonic() + PATIENCE
        while len(self.done()) < self.after:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.done())} samples are done, not {self.after}")
            time.sleep(PAUSE)
        temporary = self.folder / f"victim-{os.getpid()}"
        temporary.write_text(str(os.getpid()))
        temporary.rename(self._victim)
        while True:
            time.sleep(PATIENCE)

    def after_that(self, samples: Iterable[str]) -> None:
        """Note that this process is done with these samples."""
        self._note("done", samples)

    def _note(self, word: str, samples: Iterable[str]) -> None:
        lines = "".join(f"{os.getpid()} {sample}\n" for sample in samples)
        name = uuid.uuid4().hex
        temporary = self.folder / f"writing-{name}"
        temporary.write_text(lines)
        temporary.rename(self.folder / f"{word}-{name}")

    # ---- in the test

    @contextlib.contextmanager
    def killing(self) -> Iterator[Interruption]:
        """Kill the worker that stops while the block runs.

        Raises:
            AssertionError: The block was over and no worker had been killed.
        """
        over = threading.Event()
        killer = threading.Thread(target=self._kill, args=(over,))
        killer.start()
        try:
            yield self
        finally:
            over.set()
            killer.join()
        assert self._killed.exists(), "no worker was killed"

    def _kill(self, over: threading.Event) -> None:
        while not self._victim.exists():
            if over.wait(PAUSE):
                return
        # First, as the engine may give the sample to another worker at once.
        self._killed.touch()
        os.kill(self.victim, signal.SIGKILL)

    @property
    def victim(self) -> int:
        """The process that was killed."""
        return int(self._victim.read_text())

    def begun(self) -> list[tuple[int, str]]:
        """Process and sample, each time that a process began with a sample."""
        return self._notes("begun")

    def done(self) -> set[str]:
        """The samples that a process was done with."""
        return {sample for _, sample in self._notes("done")}

    def _notes(self, word: str) -> list[tuple[int, str]]:
        lines = [
            line.split()
            for path in self.folder.glob(f"{word}-*")
            for line in path.read_text().splitlines()
        ]
        return [(int(pid), sample) for pid, sample in lines]

    @property
    def _victim(self) -> Path:
        return self.folder / "victim"

    @property
    def _killed(self) -> Path:
        return self.folder / "killed"


@dataclass(frozen=True)
class InterruptedTokenizer(FileTokenizer):
    """What a worker does to each file, and may be killed at."""

    interruption: Interruption | None = None
    jobs_per_task: ClassVar[int] = 2

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        assert self.interruption is not None
        self.interruption.before([sample])
        tokenized = super().__call__(sample, path, cells)
        self.interruption.after_that([sample])
        return tokenized


@dataclass(frozen=True)
class InterruptedCellTokenizer(CellTokenizer):
    """The same for files of cells."""

    interruption: Interruption | None = None

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        assert self.interruption is not None
        self.interruption.before([sample])
        tokenized = super().__call__(sample, path, cells)
        self.interruption.after_that([sample])
        return tokenized


@dataclass(frozen=True)
class DyingCellTokenizer(CellTokenizer):
    """Kills its process at one sample of cells, each time."""

    at: str = ""

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        if sample == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(sample, path, cells)


@dataclass(frozen=True)
class DyingTokenizer(FileTokenizer):
    """Kills its process at one sample, each time."""

    at: str = ""
    jobs_per_task: ClassVar[int] = 2

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        if sample == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(sample, path, cells)
