"""Messages of WS-Management: what a request asks, and the answers to it."""

from __future__ import annotations

import base64
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
MANAGEMENT = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CIM_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"

OPERATION_TIMEOUT = 0x80338029
UNKNOWN_SHELL = 0x8033805B


@dataclass(frozen=True, slots=True)
class Request:
    """What a message asks. ``action`` is the last word of its URI; texts that it does not have are empty."""

    action: str
    message: str
    shell: str
    command: str
    command_line: str
    resource: str
    stdin: bytes
    is_last_input: bool
    code_page: str
    envelope_size: int
    seconds: float
    creation: bytes = b""
    argument: bytes = b""


def parse_request(data: bytes) -> Request:
    """Return what a message asks."""
    root = ET.fromstring(data)  # noqa: S314 - our own client sent it
    selectors = {node.get("Name"): node.text or "" for node in root.iter(f"{{{MANAGEMENT}}}Selector")}
    options = {node.get("Name"): node.text or "" for node in root.iter(f"{{{MANAGEMENT}}}Option")}
    stream = root.find(f".//{{{SHELL}}}Send/{{{SHELL}}}Stream")
    named = next((node.get("CommandId") for node in root.iter() if node.get("CommandId")), "")
    line = " ".join(node.text or "" for name in ("Command", "Arguments") for node in root.iter(f"{{{SHELL}}}{name}"))
    timeout = _text(root, f"{{{MANAGEMENT}}}OperationTimeout")
    creation = next((node.text or "" for node in root.iter() if node.tag.endswith("creationXml")), "")
    is_powershell = "/powershell/" in _text(root, f"{{{MANAGEMENT}}}ResourceURI")
    argument = next((node.text or "" for node in root.iter(f"{{{SHELL}}}Arguments")), "") if is_powershell else ""
    given = next((node.get("ShellId") for node in root.iter(f"{{{SHELL}}}Shell")), "")
    return Request(
        action=_text(root, f"{{{ADDRESSING}}}Action").rsplit("/", 1)[-1],
        message=_text(root, f"{{{ADDRESSING}}}MessageID"),
        shell=selectors.get("ShellId", "") or given or "",
        command=named or "",
        command_line=line,
        resource=_text(root, f"{{{MANAGEMENT}}}ResourceURI"),
        stdin=base64.b64decode(stream.text or "") if stream is not None else b"",
        is_last_input=stream is not None and stream.get("End") == "true",
        code_page=options.get("WINRS_CODEPAGE", ""),
        envelope_size=int(_text(root, f"{{{MANAGEMENT}}}MaxEnvelopeSize") or 0),
        seconds=float(timeout.removeprefix("PT").removesuffix("S") or 60),
        creation=base64.b64decode(creation),
        argument=base64.b64decode(argument),
    )


def _text(root: ET.Element, tag: str) -> str:
    node = next(iter(root.iter(tag)), None)
    return (node.text or "") if node is not None else ""


def build_answer(request: Request, body: str) -> bytes:
    """Return an answer with a body."""
    text = f"""<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:w="{MANAGEMENT}" xmlns:rsp="{SHELL}" \
xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"><s:Header><a:Action>{request.action}Response</a:Action>\
<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{request.message}</a:RelatesTo></s:Header>\
<s:Body>{body}</s:Body></s:Envelope>"""
    return text.encode()


def build_created(shell: str) -> str:
    """Return the body that names a new shell."""
    return f"""<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector>\
</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"""


def build_started(command: str) -> str:
    """Return the body that names a command that has begun."""
    return f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"


def build_received(command: str, stdout: bytes, stderr: bytes, status: int | None) -> str:
    """Return the body with output; a status means that the command is done. Of a shell itself there is no command."""
    named = f' CommandId="{command}"' if command else ""
    streams = "".join(
        f'<rsp:Stream Name="{name}"{named}>{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in (("stdout", stdout), ("stderr", stderr))
        if data
    )
    if not command:
        return f"<rsp:ReceiveResponse>{streams}</rsp:ReceiveResponse>"
    word = "Running" if status is None else "Done"
    code = "" if status is None else f"<rsp:ExitCode>{status}</rsp:ExitCode>"
    state = f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/{word}">{code}</rsp:CommandState>'
    return f"<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>"


def build_fault(request: Request, code: int, words: str) -> bytes:
    """Return the answer that refuses, with a code of wsmerror.h or winerror.h."""
    body = f"""<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode>\
</s:Code><s:Reason><s:Text xml:lang="nb-NO">{escape(words)}</s:Text></s:Reason><s:Detail>\
<f:WSManFault xmlns:f="{FAULT}" Code="{code}" Machine="peer"><f:Message>{escape(words)}</f:Message></f:WSManFault>\
</s:Detail></s:Fault>"""
    return build_answer(request, body)
