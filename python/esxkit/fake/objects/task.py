# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Task and TaskManager: work that takes time, with the states and names real servers give it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from pyVmomi import VmomiSupport as _V

from esxkit.fake.call import Call
from esxkit.fake.objects.service_instance import now
from esxkit.fake.progress import Failure, Progress
from esxkit.fake.registry import ManagedObject
from esxkit.model.objects import make, vi_type
from esxkit.wire.faults import VimFault

_KEPT = 500

Job = Callable[[Progress], Awaitable[Any]]
"""Work that takes its time; what it returns is the task's result, a VimFault from it its error."""


class Task(ManagedObject):
    """One task; its info is replaced at every step: queued, running, success or error."""

    vi_name = "Task"

    def __init__(self, moid: str, info: Any):
        super().__init__(moid, info=info)
        self.running: asyncio.Task | None = None

    def step(self, **fields: Any) -> None:
        """Publish new info with some fields changed."""
        self.registry.service.events.happen(f"{self.moid}: {fields.get('state', 'progress')}")
        info = vi_type("TaskInfo")()
        info.__dict__.update(self.read("info").__dict__)
        for name, value in fields.items():
            setattr(info, name, value)
        self.set("info", info)

    def finish(self, work: Callable[[], Any]) -> None:
        """Do the work and publish how it went."""
        try:
            result = work()
        except VimFault as fault:
            self._end_failed(fault)
        except Exception as error:
            self._end_broken(error)
        else:
            self.step(state="success", result=result, completeTime=now(), progress=None)

    async def run(self, work: Callable[[], Any], seconds: float) -> None:
        """queued → running → the work after the given time."""
        self.step(state="running", startTime=now(), progress=0)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self._end_cancelled()
            return
        self.finish(work)

    async def run_job(self, job: Job, progress: Progress) -> None:
        """queued → running → success or error, as the job itself takes its time."""
        self.step(state="running", startTime=now(), progress=0)
        try:
            result = await job(progress)
        except asyncio.CancelledError:
            self._end_cancelled()
        except VimFault as fault:
            self._end_failed(fault)
        except Exception as error:
            self._end_broken(error)
        else:
            self.step(state="success", result=result, completeTime=now(), progress=None)

    def _end_failed(self, fault: VimFault, *, cancelled: bool = False) -> None:
        self.step(state="error", error=fault.data, cancelled=cancelled, completeTime=now(), progress=None)

    def _end_cancelled(self) -> None:
        self._end_failed(VimFault("RequestCanceled"), cancelled=True)

    def _end_broken(self, error: Exception) -> None:
        """A bug of the fake must be seen, not leave a task that runs for ever."""
        traceback.print_exc()
        self._end_failed(VimFault("RuntimeFault", f"The fake is broken: {error!r}"))

    async def CancelTask(self, call: Call) -> None:
        info = self.read("info")
        if not info.cancelable:
            raise VimFault("NotSupported")
        if info.state not in ("queued", "running") or self.running is None:
            raise VimFault("InvalidState")
        self.running.cancel()


class TaskManager(ManagedObject):
    """Starts tasks and forgets the oldest finished ones."""

    vi_name = "TaskManager"

    def __init__(self, moid: str, vcenter: bool):
        super().__init__(moid, recentTask=[])
        self._vcenter = vcenter
        self._count = 0
        self._tasks: list[Task] = []
        self.failures: list[Failure] = []
        """Orders of tests that tasks fail."""

    def start(self, call: Call, entity: ManagedObject, work: Callable[[], Any], cancelable: bool = True) -> Any:
        """A task for the method being called; `work` is run at the end of the task's time.

        What work returns is the result; a VimFault from it is the task's error.
        """
        task = self._queued(call, entity, cancelable)
        failure = self._failure(call.method)
        if failure is not None:
            work = _failing(failure)
        seconds = call.service.options.task_ms / 1000
        if seconds > 0:
            self._in_background(call, task, task.run(work, seconds))
        else:
            task.step(state="running", startTime=now())
            task.finish(work)
        return task.ref

    async def start_job(self, call: Call, entity: ManagedObject, job: Job, cancelable: bool = True) -> Any:
        """As `start`, for work that has a speed of its own; it is done before the return where nothing takes time."""
        task = self._queued(call, entity, cancelable)
        options = call.service.options
        progress = Progress(options, lambda percent: task.step(progress=percent), self._failure(call.method))
        if options.task_ms > 0 or options.task_bytes_per_second > 0:
            self._in_background(call, task, task.run_job(job, progress))
        else:
            await task.run_job(job, progress)
        return task.ref

    def _in_background(self, call: Call, task: Task, running: Any) -> None:
        task.running = asyncio.get_running_loop().create_task(running)
        call.service.background.add(task.running)
        task.running.add_done_callback(call.service.background.discard)

    def _failure(self, method: str) -> Failure | None:
        for failure in self.failures:
            if failure.method in ("*", method):
                failure.count -= 1
                if failure.count == 0:
                    self.failures.remove(failure)
                return failure
        return None

    def _queued(self, call: Call, entity: ManagedObject, cancelable: bool) -> Task:
        self._count += 1
        moid = self._moid(call, entity)
        kind = call.info.type.__name__.removeprefix("vim.")
        info = make(
            "TaskInfo",
            key=moid,
            task=vi_type("Task")(moid),
            description=None,
            name=_V.GetWsdlMethod("urn:vim25", call.method),
            descriptionId=f"{kind}.{_lower_first(call.info.name)}",
            entity=entity.ref if issubclass(entity.cls, vi_type("ManagedEntity")) else None,
            entityName=entity.read("name") if "name" in dir(entity.cls) else None,
            state="queued",
            cancelled=False,
            cancelable=cancelable,
            reason=make("TaskReasonUser", userName=call.login.user.userName),
            queueTime=now(),
            eventChainId=self._count,
        )
        task = Task(moid, info)
        self.registry.add(task)
        self._remember(task)
        return task

    def _moid(self, call: Call, entity: ManagedObject) -> str:
        if self._vcenter:
            return f"task-{self._count}"
        name = f"{call.info.type.__name__}.{_lower_first(call.info.name)}"
        return f"haTask-{entity.moid}-{name}-{self._count}"

    def _remember(self, task: Task) -> None:
        self._tasks.append(task)
        while len(self._tasks) > _KEPT and self._tasks[0].read("info").state in ("success", "error"):
            self.registry.remove(self._tasks.pop(0).moid)


def _failing(failure: Failure) -> Callable[[], Any]:
    def work() -> Any:
        raise failure.vim_fault()

    return work


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
