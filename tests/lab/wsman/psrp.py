"""A PowerShell session: the server's side of PSRP by psrpcore, with recorded answers for the scripts in it."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict

from psrpcore import CreatePipelineEvent, PSRPPayload, ServerPipeline, ServerRunspacePool, StreamType

from tests.lab.wsman.replies import PowerShell


class Pool:
    """A runspace pool. With ``installed``, the script of a JEA endpoint's one function, nothing else may be run."""

    def __init__(self, powershell: PowerShell, installed: str, creation: bytes) -> None:
        self._powershell = powershell
        self._installed = installed
        self._pool = ServerRunspacePool()
        self._waiting: dict[str, list[bytes]] = defaultdict(list)
        self.receive(creation, "")

    def receive(self, data: bytes, command: str) -> None:
        """Take fragments of a client, of the pool or of a pipeline."""
        pipeline = uuid.UUID(command) if command else None
        if pipeline is not None and pipeline not in self._pool.pipeline_table:
            ServerPipeline(self._pool, pipeline)
        self._pool.receive_data(PSRPPayload(data, StreamType.default, pipeline))
        while (event := self._pool.next_event()) is not None:
            if isinstance(event, CreatePipelineEvent):
                self._run(event)
        while (payload := self._pool.data_to_send(200_000)) is not None:
            self._waiting[str(payload.pipeline_id).upper() if payload.pipeline_id else ""].append(payload.data)

    def take(self, command: str, size: int) -> bytes:
        """Return what there is for the pool or for a pipeline."""
        waiting, taken = self._waiting[command.upper()], b""
        while waiting and len(taken) + len(waiting[0]) <= size:
            taken += waiting.pop(0)
        return taken

    def _run(self, event: CreatePipelineEvent) -> None:
        pipeline = self._pool.pipeline_table[event.pipeline_id]
        pipeline.start()
        (command,) = event.pipeline.commands
        if command.is_script and not self._installed:
            word, script, prefix = str(command.parameters[0][1]), command.command_text, ""
        elif command.command_text == "Invoke-HardeningScan" and self._installed:
            word, script = str(dict(command.parameters)["Word"]), self._installed
            (digest,) = re.findall(r"^'kit ([0-9a-f]{64}) ' \+ \$Word$", script, re.MULTILINE)
            prefix = f"kit {digest} {word}"
        else:
            pipeline.stop()
            return
        output, _, status = self._powershell.run_script(word, script)
        for line in [*([prefix] if prefix else []), *output.decode("latin-1").splitlines()]:
            pipeline.write_output(line)
        if status is not None:
            pipeline.complete()
