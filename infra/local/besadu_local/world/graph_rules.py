"""What the Graph API refuses to send, and with which error. Shapes and limits: Meta's Cloud API reference, messages."""

import re
from collections.abc import Mapping
from typing import Any

from besadu_local.world.approved import Approved

_FRAME = {"messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"}
_MEDIA = {
    "audio": {"id", "link"},
    "document": {"id", "link", "caption", "filename"},
    "image": {"id", "link", "caption"},
    "sticker": {"id", "link"},
    "video": {"id", "link", "caption"},
}
_KINDS = {"text", "template", "interactive", *_MEDIA}
_TITLES = {
    100: "Invalid parameter",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131047: "Re-engagement message",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132012: "Parameter format does not match format in the created template",
}


class GraphError(Exception):
    """An error object of the Graph API. ``status`` is the HTTP status that it comes with."""

    def __init__(self, code: int, details: str, *, status: int = 400, subcode: int | None = None) -> None:
        super().__init__(details)
        self.code, self.details, self.status, self.subcode = code, details, status, subcode

    def body(self, trace: str) -> dict[str, Any]:
        title = _TITLES.get(self.code, self.details)
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": trace,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def check(body: object, *, window_open: bool, templates: Mapping[str, Approved]) -> None:
    """Raises GraphError for a body that the real API would not send."""
    frame = _object(body, "body")
    kind = frame.get("type", "text")
    if kind not in _KINDS:
        raise GraphError(100, f"Param type must be one of {sorted(_KINDS)}")
    _only(frame, _FRAME | {kind}, "body")
    if frame.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if frame.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "Param recipient_type must be one of {INDIVIDUAL}")
    address(frame)
    note = frame.get("biz_opaque_callback_data", "")
    if not isinstance(note, str) or len(note) > 512:
        raise GraphError(100, "Param biz_opaque_callback_data must be a string of at most 512 characters")
    if "context" in frame:
        _text(_object(frame["context"], "context"), "message_id", 1000)
    part = _object(frame.get(kind), kind)
    if kind == "template":
        _template(part, templates)
        return
    if kind == "text":
        _only(part, {"body", "preview_url"}, "text")
        _text(part, "body", 4096)
    elif kind == "interactive":
        _interactive(part)
    else:
        _media(part, kind)
    if not window_open:
        raise GraphError(
            131047, "Message failed to send because more than 24 hours have passed since the customer last replied."
        )


def address(frame: Mapping[str, Any]) -> str:
    """The phone number (digits) or business-scoped user id that a message goes to."""
    to, recipient = frame.get("to"), frame.get("recipient")
    if to is not None:
        if isinstance(to, str) and re.fullmatch(r"\+?[1-9][0-9]{6,14}", to, re.ASCII):
            return to.removeprefix("+")
        raise GraphError(131009, "Parameter value is not valid: to")
    if isinstance(recipient, str) and re.fullmatch(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}", recipient, re.ASCII):
        return recipient
    raise GraphError(100, "The parameter to is required.")


def _interactive(part: Mapping[str, Any]) -> None:
    _only(part, {"type", "body", "action", "header", "footer"}, "interactive")
    if part.get("type") != "button":
        raise GraphError(131009, "Parameter value is not valid: interactive.type")
    _text(_object(part.get("body"), "interactive.body"), "text", 1024)
    buttons = _object(part.get("action"), "interactive.action").get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise GraphError(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    replies = [_object(_object(button, "button").get("reply"), "button.reply") for button in buttons]
    for reply in replies:
        _only(reply, {"id", "title"}, "button.reply")
        _text(reply, "id", 256)
        _text(reply, "title", 20)
    if len({reply["title"] for reply in replies}) < len(replies) or len({reply["id"] for reply in replies}) < len(
        replies
    ):
        raise GraphError(131009, "Button titles and ids must be unique")


def _media(part: Mapping[str, Any], kind: str) -> None:
    _only(part, _MEDIA[kind], kind)
    if ("id" in part) == ("link" in part):
        raise GraphError(100, f"Exactly one of {kind}.id and {kind}.link is required")
    if "link" in part and not re.match(r"https?://", str(part["link"])):
        raise GraphError(100, f"Param {kind}.link is not a valid URL")
    if "caption" in part:
        _text(part, "caption", 1024)


def _template(part: Mapping[str, Any], templates: Mapping[str, Approved]) -> None:
    _only(part, {"name", "language", "components"}, "template")
    language = _object(part.get("language"), "template.language").get("code")
    name = part.get("name")
    approved = templates.get(name) if isinstance(name, str) else None
    if approved is None or language != approved.language:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}", status=404)
    values, buttons = template_values(part)
    if len(values) != approved.values:
        raise GraphError(
            132000, f"body: number of localizable_params ({len(values)}) does not match ({approved.values})"
        )
    for value in values:
        if not value.strip():
            raise GraphError(131008, "Required parameter is missing: text of a body parameter")
        if re.search(r"[\n\t]| {5}", value):
            raise GraphError(132012, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    if len(approved.text(values)) > 1024:
        raise GraphError(132012, "body is longer than 1024 characters")
    suffixes = [button for button in buttons if button["sub_type"] == "url"]
    if bool(approved.url) != bool(suffixes):
        raise GraphError(132000, "buttons: URL button parameter does not match the template")
    if len(suffixes) > 1 or any(not button["value"] for button in suffixes):
        raise GraphError(131008, "Required parameter is missing: text of the URL button")
    if any(button["sub_type"] == "quick_reply" for button in buttons) and not approved.quick_reply:
        raise GraphError(132012, "buttons: the template has no quick reply")


def template_values(part: Mapping[str, Any]) -> tuple[list[str], list[dict[str, str]]]:
    """The body's values, and each button parameter as ``{sub_type, value}``."""
    values: list[str] = []
    buttons: list[dict[str, str]] = []
    components = part.get("components", [])
    if not isinstance(components, list):
        raise GraphError(100, "Param template.components must be an array")
    for component in (_object(each, "component") for each in components):
        kind, parameters = component.get("type"), component.get("parameters", [])
        if not isinstance(parameters, list):
            raise GraphError(100, "Param parameters must be an array")
        found = [_parameter(_object(each, "parameter")) for each in parameters]
        if kind == "body":
            _only(component, {"type", "parameters"}, "component")
            values += found
        elif kind == "button" and component.get("sub_type") in ("url", "quick_reply"):
            _only(component, {"type", "sub_type", "index", "parameters"}, "component")
            if str(component.get("index")) != "0" or len(found) != 1:
                raise GraphError(131009, "Parameter value is not valid: button index or parameters")
            buttons.append({"sub_type": component["sub_type"], "value": found[0]})
        else:
            raise GraphError(132012, f"component {kind} does not match the template")
    return values, buttons


def _parameter(parameter: Mapping[str, Any]) -> str:
    kind = parameter.get("type")
    if kind not in ("text", "payload") or not isinstance(parameter.get(kind), str):
        raise GraphError(132012, "Parameter format does not match format in the created template")
    _only(parameter, {"type", kind}, "parameter")
    return str(parameter[kind])


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise GraphError(100, f"The parameter {name} is required and must be a JSON object.")
    return value


def _only(part: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(part) - known)
    if unknown:
        raise GraphError(100, f'Unexpected key "{unknown[0]}" on param "{name}".')


def _text(part: Mapping[str, Any], key: str, limit: int) -> None:
    value = part.get(key)
    if not isinstance(value, str) or not value.strip():
        raise GraphError(100, f"The parameter {key} is required.")
    if len(value) > limit:
        raise GraphError(100, f"Param {key} must be at most {limit} characters long.")
