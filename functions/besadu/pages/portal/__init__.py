"""The public page: what BESADU is, and how far a complaint got. Nothing of its content, nothing of a person."""

from flask import Flask, render_template, request

from besadu.channels import CHANNELS, FOR_POSTS
from besadu.domain.deadlines import hours_text
from besadu.pages.shell import new_app
from besadu.pages.words import CHANNELS as CHANNEL_NAMES
from besadu.services.office import Office
from besadu.services.tracking import track

MOST_BODY = 10_000
MOST_NUMBER = 60  # characters of a ticket number as people type it


def create_app(office: Office) -> Flask:
    """The app."""
    app = new_app("portal", office.settings, function="portal", most_body=MOST_BODY)

    @app.get("/")
    def home() -> str:
        channels = [CHANNEL_NAMES[name] for name in CHANNELS if name not in FOR_POSTS]
        return render_template("portal/home.html", channels=channels, hours=hours_text(office.calendar()))

    @app.get("/lacak")
    def progress() -> str:
        number = request.args.get("nomor", "").strip()[:MOST_NUMBER]
        found = track(office, number) if number else None
        return render_template("portal/progress.html", number=number, found=found)

    return app
