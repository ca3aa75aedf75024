"""A backend with Flask that checks tokens with the SDK, and answers with what it knows of their bearer."""

import os
import sys

from flask import Flask, g
from frontegg.flask import frontegg
from frontegg.flask.secure_access import with_authentication

app = Flask(__name__)
frontegg.init_app(os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_API_KEY"])


@app.get("/me")
@with_authentication()
def me():
    return g.user


@app.get("/admins")
@with_authentication(role_keys=["admin"])
def admins():
    return g.user


@app.get("/nobody")
@with_authentication(permission_keys=["nobody.has.this"])
def nobody():
    return g.user


@app.get("/<path:_>")
def page(_):
    """Where sign-in begins and comes back to: the test itself is the client there."""
    return '<!doctype html><title>Python</title><link rel="icon" href="data:,">'


app.run(port=int(sys.argv[1]))
