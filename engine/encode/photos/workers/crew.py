"""Processes that decode photos, each with a thread that speaks with it. Knows processes; not models.

A process that ends before it replies is replaced, and each photo that it had is tried once more alone:
one that ends its process again has that as its reason. After some such ends there are no new ones.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque

from engine.encode.photos.bounds import MAX_MEMORY
from engine.encode.photos.workers.batch import Batch, Chunk
from engine.encode.photos.workers.blocks import Blocks
from engine.encode.photos.workers.process import Gone, Process

_AHEAD = 2  # requests that a process has at a time: it doesn't wait for its next one
_MOST_ENDS = 16  # processes that are replaced
_LOG = logging.getLogger("engine.photos")


class Crew:
    """So many processes, started at once, beside whatever the caller does meanwhile."""

    def __init__(self, count: int, blocks: Blocks) -> None:
        self.blocks = blocks
        self.is_broken = False
        self._count = count
        self._is_over = False
        self._processes: list[Process] = []
        self._started = self._ready = 0
        self._lock = threading.Lock()
        self._idle: set[int] = set()  # threads without work
        self._chunks: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"photos-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether all processes are up."""
        return not self.is_broken and self._ready >= self._count

    @property
    def processes(self) -> list[int]:
        """Their numbers, as the system knows them."""
        return [process.number for process in self._processes]

    def put(self, chunk: Chunk) -> None:
        """Have photos decoded; their batch gets the outcomes."""
        self._chunks.put(chunk)

    def close(self) -> None:
        """End the processes; what was put before is done first."""
        for _ in self._threads:
            self._chunks.put(None)
        for thread in self._threads:
            thread.join()

    def end(self) -> None:
        """End the processes at once, whatever they do."""
        self._is_over = True
        for process in list(self._processes):
            process.kill()

    def forget(self) -> None:
        """In a fork, which has none of the threads."""
        for process in self._processes:
            process.forget()

    # -------------------------------------------------------------- a thread
    def _serve(self) -> None:
        sent: deque[Chunk] = deque()
        process = self._new()
        while process is not None:
            try:
                while self._has_worked(process, sent):
                    pass
                self._ended(process)
                return
            except Exception:  # most likely `Gone`: whatever it is, no photo may wait for ever
                if self._is_over:
                    return
                process = self._replaced(process, sent)
        while self._is_left():
            pass

    def _has_worked(self, process: Process, sent: deque[Chunk]) -> bool:
        """Take one reply, having asked for more; False at the end. Keeps no block in use."""
        while len(sent) < _AHEAD and (chunk := self._next(waits=not sent)) is not None:
            sent.append(chunk)
            process.send(*chunk.request())
        if not sent:
            return False
        reply = process.receive()
        chunk = sent[0]
        rest = chunk.take(reply)
        if rest:
            blocks = self.blocks.take(1, chunk.batch.held, lambda: False)
            if reply and blocks is not None:
                self.put(Chunk.written(chunk.batch, rest, blocks[0]))
            else:
                chunk.batch.leave(rest)
        sent.popleft()
        return True

    def _next(self, waits: bool) -> Chunk | None:
        """More to do; None at the end and, where it doesn't wait, while others have nothing to do."""
        if not waits:
            if self._idle:
                return None
            try:
                chunk = self._chunks.get_nowait()
            except queue.Empty:
                return None
            if chunk is None:
                self._chunks.put(None)  # for when this thread has its replies
            return chunk
        number = threading.get_ident()
        self._idle.add(number)
        chunk = self._chunks.get()
        self._idle.discard(number)
        return chunk

    def _is_left(self) -> bool:
        """Without a process: leave one chunk to threads; False at the end."""
        chunk = self._chunks.get()
        if chunk is not None:
            chunk.batch.leave(chunk.rows)
        return chunk is not None

    # -------------------------------------------------------------- processes
    def _new(self) -> Process | None:
        """A process that is up; None where none can be had, and then there is no other."""
        with self._lock:
            self._started += 1
            is_enough = self._started > self._count + _MOST_ENDS
        process = None
        try:
            if is_enough:
                raise Gone(f"{_MOST_ENDS} processes that decoded photos have ended")
            process = Process(self.blocks, MAX_MEMORY // self._count)
            self._processes.append(process)
            process.wait_until_ready()
        except Gone as error:
            if process is not None:
                self._ended(process)
            with self._lock:
                was_broken, self.is_broken = self.is_broken, True
            if not was_broken:
                _LOG.warning("photos are decoded by threads from here on: %s", error)
            return None
        with self._lock:
            self._ready += 1
        return process

    def _ended(self, process: Process) -> str:
        how = process.end()
        self._processes.remove(process)
        return how

    def _replaced(self, process: Process, sent: deque[Chunk]) -> Process | None:
        """A new process that has done, photo by photo, what the ended one had."""
        photos = [(chunk.batch, row) for chunk in sent for row in chunk.rows]
        sent.clear()
        self._ended(process)
        fresh = self._new()
        for batch, row in photos:
            if fresh is None:
                batch.leave([row])
                continue
            try:
                self._alone(fresh, batch, row)
            except Exception:
                how = self._ended(fresh)
                size = len(batch.images[row] or b"")
                reason = f"{size} bytes: decoding it ended the process that did ({how})"
                batch.settle([(row, reason)])
                fresh = self._new()
        return fresh

    def _alone(self, process: Process, batch: Batch, row: int) -> None:
        blocks = self.blocks.take(1, batch.held, lambda: False)
        if blocks is None:
            batch.leave([row])
            return
        chunk = Chunk.written(batch, [row], blocks[0])
        process.send(*chunk.request())
        rest = chunk.take(process.receive())
        if rest:
            batch.leave(rest)
