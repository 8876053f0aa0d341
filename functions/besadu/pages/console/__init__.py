"""The console: where staff look at complaints, hand them on, review answers and deliver them. Indonesian."""

from flask import Flask

from besadu.media import Media
from besadu.pages import shell
from besadu.pages.console import (
    access,
    adding,
    agency,
    calls,
    complaint,
    evidence,
    lists,
    manage,
    manage_phrases,
    manage_time,
    outreach,
    signin,
    talks,
)
from besadu.pages.viewing import Viewer
from besadu.pages.wsgi import mount_of
from besadu.services.office import Office

FUNCTION = "console"


def create_app(office: Office, media: Media) -> Flask:
    """The app; ``media`` is where evidence lies."""
    app = shell.new_app("console", office.settings, function=FUNCTION, also=("desk",), uploads_to=media.host)
    mount = mount_of(office.settings, FUNCTION)
    app.view_functions["asset"] = access.anybody(app.view_functions["asset"])
    door = access.Door(office)
    signin.add(app, office, door, mount)
    lists.add(app, office, mount)
    viewer = Viewer(
        office, media, key=office.settings.session_key, who=lambda: access.person().email, base=lambda: mount
    )
    app.jinja_env.globals["seen"] = viewer.seen
    complaint.add(app, office, mount)
    evidence.add(app, office, viewer)
    adding.add(app, office, media, mount)
    agency.add(app, office, media, mount)
    talks.add(app, office, mount)
    calls.add(app, office, mount)
    outreach.add(app, office, mount)
    manage.add(app, office, mount)
    manage_phrases.add(app, office, mount)
    manage_time.add(app, office, mount)
    door.guard(app, mount)
    return app
