"""Every setting of Elinkages, read from the environment once.

Required outside of the demo: DATABASE_URL, REDIS_URL, SECRET_KEY, SITE_URL.
"""

import os
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from psycopg.conninfo import conninfo_to_dict

from elinkages.watch import errors, logs


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} in the environment; `bin/demo` and `bin/test` do it for you.")
    return value


BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("ELINKAGES_HOME", BASE_DIR / ".elinkages"))
DEBUG = _flag("DEBUG")
DEMO = _flag("DEMO")
SECRET_KEY = _required("SECRET_KEY")
SITE_URL = os.environ.get("SITE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SITE = SITE_URL.startswith("https://")

INSTALLED_APPS = [
    "elinkages.pages",
    "elinkages.accounts",
    "elinkages.audit",
    "elinkages.mail",
    "elinkages.lists",
    "partners",
    "referrals",
    "commissions",
    "integrations",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "lucide",
    "elinkages.accounts.ops.config.OpsConfig",
    "django_structlog",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
]

MIDDLEWARE = [
    "elinkages.watch.requests.RequestMetrics",
    "elinkages.watch.requests.RequestLog",
    "elinkages.accounts.hosts.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "elinkages.accounts.doors.DoorMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "elinkages.accounts.sessions.SessionsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "elinkages.urls"
WSGI_APPLICATION = "elinkages.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["elinkages.pages.templatetags.ui", "django.contrib.humanize.templatetags.humanize"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "elinkages.accounts.context.door",
                "elinkages.pages.context.msp_menu",
            ],
        },
    }
]

# The web and the workers serve as `elinkages_app`, which owns nothing. Only `migrate` and the
# test flush run as the owner, in a process started with ELINKAGES_ROLE=owner.
_database = conninfo_to_dict(
    _required("DATABASE_OWNER_URL" if os.environ.get("ELINKAGES_ROLE") == "owner" else "DATABASE_URL")
)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.get("dbname", "elinkages"),
        "USER": _database.get("user", ""),
        "PASSWORD": _database.get("password", ""),
        "HOST": _database.get("host", ""),
        "PORT": _database.get("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _required("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"protocol": 2},
        "KEY_PREFIX": "elinkages",
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["elinkages.accounts.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/start/"

ACCOUNT_ADAPTER = "elinkages.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "elinkages.accounts.forms.identity.SignupForm",
    "login": "elinkages.accounts.forms.identity.LoginForm",
    "reset_password": "elinkages.accounts.forms.identity.ResetPasswordForm",
    "reset_password_from_key": "elinkages.accounts.forms.identity.ResetPasswordKeyForm",
    "change_password": "elinkages.accounts.forms.identity.ChangePasswordForm",
    "set_password": "elinkages.accounts.forms.identity.SetPasswordForm",
    "request_login_code": "elinkages.accounts.forms.identity.RequestLoginCodeForm",
    "add_email": "elinkages.accounts.forms.identity.AddEmailForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "elinkages.accounts.backend.ResetToken"  # noqa: S105 - a class
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True

MFA_ADAPTER = "elinkages.accounts.factors.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey is two factors only when the device asks for its owner's finger, face or PIN.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "Elinkages"
MFA_FORMS = {"add_webauthn": "elinkages.accounts.forms.identity.AddPasskeyForm"}
# Without a proxy that we run, X-Forwarded-For is what the client likes to say.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT", "0"))

_MAIL_OPTIONS: dict[str, dict[str, Any]] = {
    "django.core.mail.backends.filebased.EmailBackend": {"file_path": HOME / "mail"},
    "django.core.mail.backends.smtp.EmailBackend": {
        "host": os.environ.get("EMAIL_HOST", "localhost"),
        "port": int(os.environ.get("EMAIL_PORT", "25")),
        "username": os.environ.get("EMAIL_HOST_USER", ""),
        "password": os.environ.get("EMAIL_HOST_PASSWORD", ""),
        "use_tls": _flag("EMAIL_USE_TLS"),
        "timeout": 20,
    },
}
_MAIL_BACKEND = os.environ.get("EMAIL_BACKEND", list(_MAIL_OPTIONS)[0 if DEMO else 1])
MAILERS = {"default": {"BACKEND": _MAIL_BACKEND, "OPTIONS": _MAIL_OPTIONS.get(_MAIL_BACKEND, {})}}
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Elinkages <hello@elinkages.example>")

# 32 random bytes in base64. After a rotation the keys before it still open what they sealed.
SECRETS_KEY = os.environ.get("SECRETS_KEY", "")
SECRETS_KEY_FALLBACKS = [key for key in os.environ.get("SECRETS_KEY_FALLBACKS", "").split(",") if key]
# Asked for the TXT record of a portal's own host name: any resolver that answers JSON over HTTPS.
DNS_OVER_HTTPS = os.environ.get("DNS_OVER_HTTPS", "https://cloudflare-dns.com/dns-query")
# Simulators of vendors listen on loopback; nothing else may ever be reached there.
HTTP_ALLOW_LOOPBACK = _flag("HTTP_ALLOW_LOOPBACK")

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "elinkages" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "elinkages.pages.storage.StaticStorage"},
}

SECURE_CSP: dict[str, Any] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF, SITE_URL],
    "frame-ancestors": [CSP.NONE],
}
SECURE_SSL_REDIRECT = SECURE_SITE and _flag("SSL_REDIRECT")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked from beside us, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SITE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SITE
SECURE_HSTS_PRELOAD = SECURE_SITE
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SITE
SESSION_ENGINE = "elinkages.accounts.session_store"
SESSION_COOKIE_AGE = 15 * 24 * 3600  # seconds; past the longest limit of accounts/sessions.py, which ends sessions
SESSION_COOKIE_NAME = "__Host-session" if SECURE_SITE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_SITE else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "elinkages.pages.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
LARGEST_REQUEST = 32 * 1024 * 1024  # with files; what is a little too large is refused by its page, with a sentence
FILE_UPLOAD_HANDLERS = [
    "elinkages.kernel.uploads.Largest",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "protocol": 2}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "elinkages.celery.HeartbeatScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "beat-schedule")
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "mail-sweep": {"task": "elinkages.mail.tasks.sweep", "schedule": 60, "options": {"expires": 55}},
    "mail-digests": {"task": "elinkages.mail.tasks.write_digests", "schedule": 900, "options": {"expires": 890}},
    "accruals": {"task": "commissions.tasks.accrue_everyone", "schedule": 600, "options": {"expires": 590}},
    "imports-sweep": {"task": "integrations.tasks.sweep", "schedule": 30, "options": {"expires": 25}},
    "measure": {"task": "elinkages.pages.tasks.measure", "schedule": 60, "options": {"expires": 55}},
    "check-books": {"task": "commissions.tasks.check_books", "schedule": crontab(hour=8, minute=0)},
    "partners-tidy": {"task": "partners.tasks.tidy", "schedule": 6 * 3600, "options": {"expires": 3600}},
    "lists-sweep": {"task": "elinkages.lists.tasks.sweep", "schedule": 60, "options": {"expires": 55}},
    "inquiries-tidy": {"task": "referrals.tasks.tidy", "schedule": 6 * 3600, "options": {"expires": 3600}},
    "common-keys": {"task": "referrals.tasks.sweep_common_keys", "schedule": 600, "options": {"expires": 500}},
    "protection": {"task": "referrals.tasks.sweep_protection", "schedule": 3600, "options": {"expires": 3500}},
    "agreements": {"task": "partners.tasks.ask_everyone_to_sign", "schedule": 3600, "options": {"expires": 3500}},
    "domains-sweep": {"task": "elinkages.accounts.tasks.sweep_domains", "schedule": 300, "options": {"expires": 290}},
    "accounts-tidy": {"task": "elinkages.accounts.tasks.tidy", "schedule": 6 * 3600, "options": {"expires": 3600}},
}

# Where the heads of the ledgers are published: a file that belongs on storage outside of the database's reach.
LEDGER_HEADS = Path(os.environ.get("LEDGER_HEADS", HOME / "records" / "ledger-heads.jsonl"))

# JSON lines for a machine that collects them, or text for a person who reads along.
LOG_FORMAT = os.environ.get("LOG_FORMAT") or ("text" if DEMO or DEBUG else "json")
LOGGING: dict[str, Any] = logs.configure(human=LOG_FORMAT == "text")
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = (
    10  # DEBUG: the end says it all
)
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20  # INFO: a visitor's mistake is no warning

# Who may read /metrics from elsewhere: "Authorization: Bearer <token>". From this machine nobody needs one.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
# Errors go to a Sentry of yours, or nowhere.
SENTRY_DSN = os.environ.get("SENTRY_DSN", "")
RELEASE = os.environ.get("RELEASE", "")
errors.start(SENTRY_DSN, environment=os.environ.get("SENTRY_ENVIRONMENT", "production"), release=RELEASE)
