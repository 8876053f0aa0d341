"""Steps of which the citizen is told nothing, each with why; every other row of the workflow names its text."""

from collections.abc import Mapping

UNTOLD: Mapping[str, str] = {
    "reply": "the talk itself thanks them at once",
    "lapse": "they were told until when an answer was awaited; the work goes on",
    "accept": "the date that they were told stands",
    "return": "the office's own affair; the next hand-over tells with whom it lies",
    "ask_extension": "nothing is decided yet",
    "refuse_extension": "the date that they were told stands",
    "answer": "first the admin reads it",
    "send_back": "they have not read the answer that is sent back",
    "confirm": "the answer itself has just told all",
    "recall": "nothing of the answer has been read; who writes BUKA hears that it is looked at again",
    "rate": "the talk itself thanks them, or asks what was not right",
    "see_mark": "what follows, a person tells them",
    "close_silently": "the answer said until when a reply was awaited",
    "note": "for the office alone",
    "add_evidence": "the citizen has brought it",
    "take_over": "for the office alone",
    "let_go": "for the office alone",
    "classify": "for the office alone",
    "ask_support": "one agency leads and answers for all",
    "end_support": "one agency leads and answers for all",
    "contribute": "one agency leads and answers for all",
    "decline_support": "one agency leads and answers for all",
    "revoke_links": "the agency's affair",
}
