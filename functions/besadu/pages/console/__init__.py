"""The console: where staff look at complaints, hand them on, review answers and deliver them. Indonesian."""

from flask import Flask

from besadu.media import Media
from besadu.pages import shell
from besadu.pages.console import access, agency, calls, complaint, lists, manage, signin, talks
from besadu.pages.wsgi import mount_of
from besadu.services.office import Office

FUNCTION = "console"


def create_app(office: Office, media: Media) -> Flask:
    """The app; ``media`` is where evidence lies."""
    app = shell.new_app("console", office.settings, function=FUNCTION, also=("desk",))
    mount = mount_of(office.settings, FUNCTION)
    app.view_functions["asset"] = access.anybody(app.view_functions["asset"])
    door = access.Door(office)
    signin.add(app, office, door, mount)
    lists.add(app, office, mount)
    complaint.add(app, office, media, mount)
    agency.add(app, office, media, mount)
    talks.add(app, office, media, mount)
    calls.add(app, office, mount)
    manage.add(app, office, mount)
    door.guard(app, mount)
    return app
