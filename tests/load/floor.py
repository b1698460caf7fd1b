"""The page floor under the same load: a bare Django with fifty rows of the same table, in a plain template."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")

import django
from django.conf import settings

django.setup()

from tests.bench import pages  # noqa: E402 - needs Django

settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "tests.bench.pages"
pages.use(os.environ["FLOOR_MSP"], filler="x" * 300)

from django.core.wsgi import get_wsgi_application  # noqa: E402 - builds the handler from the settings above

application = get_wsgi_application()
