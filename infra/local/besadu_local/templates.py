"""The WhatsApp templates as Meta takes them: ``python -m besadu_local.templates https://besadu.example [name …]``.

One line a template, each the JSON body of a ``POST /{WABA id}/message_templates``. The address of the buttons is part
of what Meta approves, so it must be the one that the office will use.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence

from besadu_local.world.approved import Approved, approved


def submission(name: str, template: Approved) -> dict[str, object]:
    """The body of a request to create ``template``."""
    components: list[dict[str, object]] = [
        {"type": "BODY", "text": template.body, "example": {"body_text": [list(template.examples)]}}
    ]
    if template.quick_reply:
        components.append({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": template.quick_reply}]})
    if template.url:
        button = {
            "type": "URL",
            "text": template.url_title,
            "url": f"{template.url}{{{{1}}}}",
            "example": [f"{template.url}{template.url_example}"],
        }
        components.append({"type": "BUTTONS", "buttons": [button]})
    return {"name": name, "category": template.category, "language": template.language, "components": components}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="besadu_local.templates", description="WhatsApp templates, a line each.")
    parser.add_argument("public_url", help="BESADU_PUBLIC_URL of the office: https, without a slash at the end")
    parser.add_argument("names", nargs="*", help="only these")
    given = parser.parse_args(arguments)
    if not re.match(r"https://[^/]", given.public_url):
        parser.error("the public address begins with https://")
    known = approved(given.public_url)
    if unknown := sorted(set(given.names) - known.keys()):
        parser.error(f"no template {', '.join(unknown)}; there are {', '.join(known)}")
    for name in given.names or known:
        print(json.dumps(submission(name, known[name]), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
