"""The web process: `gunicorn -c python:elinkages.gunicorn elinkages.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")
application = get_wsgi_application()

from elinkages.watch.production import refuse_to_serve  # noqa: E402  the settings come first

refuse_to_serve()
