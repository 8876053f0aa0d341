"""The sign-in provider of this machine: a real OpenID Connect code flow, and people who sign in with one click.

The provider says who somebody is. What they may do stands in Firestore's ``officers``, where the seed
puts the same e-mails.
"""

from datetime import timedelta

from flask import Flask
from werkzeug.debug import DebuggedApplication

from besadu_local.staff import STAFF


def provider() -> Flask:
    """The provider as a WSGI application; a person's subject is their e-mail, so that the page reads well."""
    import oidc_provider_mock  # here, because whoever wants STAFF need not pay for a provider

    users = [
        oidc_provider_mock.User(
            sub=person.email, claims={"email": person.email, "email_verified": True, "name": person.name}
        )
        for person in STAFF
    ]
    app = oidc_provider_mock.app(require_nonce=True, access_token_max_age=timedelta(hours=8), user_claims=users)
    # Cookies ignore ports: under Flask's default name ours and the console's would overwrite each other.
    app.config["SESSION_COOKIE_NAME"] = "local_oidc"
    # The package switches on a debugger that runs code from the browser.
    app.debug = False
    if isinstance(app.wsgi_app, DebuggedApplication):
        app.wsgi_app = app.wsgi_app.app
    return app
