"""Every Django and Postbox setting, read from the environment in this one place.

Decides values and their defaults, and refuses to start on unsafe ones. The only module that names other apps, as
strings: what runs, what is woken, who consumes an event.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from postbox.config import env, inbound, opinion
from postbox.config.logs import LOGGING as LOGGING
from postbox.config.rest import REST_FRAMEWORK as REST_FRAMEWORK
from postbox.config.rest import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from postbox.config.storages import mime_storage
from postbox.config.unfold import UNFOLD as UNFOLD
from postbox.config.wiring import POSTBOX_DASHBOARD as POSTBOX_DASHBOARD
from postbox.config.wiring import POSTBOX_EVENT_CONSUMERS as POSTBOX_EVENT_CONSUMERS
from postbox.config.wiring import POSTBOX_EVENT_LIFETIMES as POSTBOX_EVENT_LIFETIMES
from postbox.config.wiring import POSTBOX_METRICS as POSTBOX_METRICS
from postbox.config.wiring import POSTBOX_NOT_LISTED as POSTBOX_NOT_LISTED
from postbox.config.wiring import POSTBOX_REAPERS as POSTBOX_REAPERS
from postbox.config.wiring import POSTBOX_SUBJECTS as POSTBOX_SUBJECTS
from postbox.config.wiring import POSTBOX_WORK as POSTBOX_WORK
from postbox.config.wiring import POSTBOX_WORKERS as POSTBOX_WORKERS
from postbox.lib.dns import parse_server
from postbox.lib.envelope import MasterKeys

django_stubs_ext.monkeypatch()

env.from_file("POSTBOX_SETTINGS_FILE")

BASE_DIR = Path(__file__).resolve().parents[2]
POSTBOX_HOME = Path(env.text("POSTBOX_HOME", ".postbox")).resolve()

# --- secrets -----------------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("POSTBOX_SECRET_KEY")
POSTBOX_BOUNCE_SECRET = env.secret("POSTBOX_BOUNCE_SECRET")
try:
    POSTBOX_MASTER_KEYS = MasterKeys(env.text("POSTBOX_MASTER_KEYS"))
except ValueError as error:
    raise ImproperlyConfigured(f"POSTBOX_MASTER_KEYS: {error}") from error

# --- web ---------------------------------------------------------------------------------------------------------
DEBUG = False
POSTBOX_PUBLIC_URL = env.text("POSTBOX_PUBLIC_URL", "http://127.0.0.1:8000")
_public = urlsplit(POSTBOX_PUBLIC_URL)
ALLOWED_HOSTS = env.listing("POSTBOX_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]") + [_public.hostname or "localhost"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
# Beyond this machine nobody signs in without TLS: the cookies of an http:// address would not come back.
_secure = _public.scheme == "https" or not env.is_loopback(_public.hostname or "localhost")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _public.scheme == "https" else None
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_REDIRECT_URL = "admin:index"  # for who came to the login by its own address
ROOT_URLCONF = "postbox.config.urls"
WSGI_APPLICATION = "postbox.config.wsgi.application"
APPEND_SLASH = False
# The door's own limit (25 MiB of mail, and a third more as base64) is checked before the body is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 36 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

INSTALLED_APPS = [
    "postbox.config",
    "unfold",
    "unfold.contrib.filters",
    "postbox.desk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "postbox.metrics",
    "postbox.audit",
    "postbox.events",
    "postbox.identity",
    "postbox.mail",
    "postbox.screening",
    "postbox.rules",
    "postbox.ingest",
    "postbox.retention",
    "webhooks",
    "reputation",
    "outbound",
]

MIDDLEWARE = [
    "postbox.api.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "postbox.desk.middleware.AdminTurns",
    "postbox.desk.middleware.AdminSessions",
    "postbox.desk.middleware.AdminCsrf",
    "postbox.desk.middleware.AdminUsers",
    "postbox.desk.middleware.AdminMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "postbox.desk.middleware.AdminContentPolicy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "postbox" / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "postbox.config.formats"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database ----------------------------------------------------------------------------------------------------
_database = env.database()
_database["OPTIONS"] |= {
    "options": "-c search_path=postbox,postbox_keys,public -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=60s",
    "connect_timeout": 5,
    "application_name": "postbox",
    # Values travel beside the statement, so bytes are not escaped into text and a plan is kept after five uses.
    "server_side_binding": True,
    "prepare_threshold": 5,
}
DATABASES = {"default": _database | {"CONN_MAX_AGE": 600, "TEST": {"NAME": env.text("POSTBOX_TEST_DATABASE") or None}}}

# --- Celery: it only wakes somebody up; PostgreSQL is the truth (docs/adr/0002) ------------------------------------
CELERY_BROKER_URL = env.text("BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "postbox.ingest.work": {"queue": "ingest"},
    "postbox.ingest.rescore": {"queue": "score"},
    "postbox.ingest.reapply_rules": {"queue": "rules"},
    "webhooks.deliver": {"queue": "webhooks"},
    "outbound.ship": {"queue": "outbound"},
    "outbound.reconcile": {"queue": "bounces"},
    "postbox.maintenance.*": {"queue": "maintenance"},
    "agentpack_postbox_retention": {"queue": "maintenance"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 15,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Under `postbox up` a worker is killed 7 seconds after it was told to stop; leases make that safe.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3
# Celery would open a PostgreSQL session around every task: 1.4 sessions a mail on an idle system, measured.
CELERY_DB_REUSE_MAX = 1000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "postbox.maintenance.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "spool": {"task": "postbox.maintenance.empty_spool", "schedule": 10.0, "options": {"expires": 10}},
    # Each domain once a day; looked for more often, so that a new one or a day's restart waits for minutes.
    "domains": {"task": "postbox.maintenance.check_domains", "schedule": 600.0, "options": {"expires": 600}},
    "retention": {
        "task": "agentpack_postbox_retention",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"expires": 3600},
    },
}

# --- Postbox -----------------------------------------------------------------------------------------------------
POSTBOX_METRICS_TOKEN = env.text("POSTBOX_METRICS_TOKEN")
POSTBOX_DEFAULT_DOMAIN = env.text("POSTBOX_DEFAULT_DOMAIN", "agents.localhost").lower()
# How long a worker may hold a batch before others take it; a worker that was killed delays its mail by this much.
# Never less than 30: a webhook post may take 15 seconds, and a lease that ends before it is a post that never settles.
POSTBOX_LEASE_SECONDS = env.number("POSTBOX_LEASE_SECONDS", 30, least=30, most=300)
if env.flag("POSTBOX_TEST_SHORT_LEASES"):  # for tests that kill workers and wait for what comes after
    POSTBOX_LEASE_SECONDS = 5
    CELERY_BEAT_SCHEDULE["sweep"] |= {"schedule": 5.0, "options": {"expires": 5}}
    CELERY_BEAT_SCHEDULE["spool"] |= {"schedule": 2.0, "options": {"expires": 2}}
POSTBOX_RETENTION_DAYS = env.number("POSTBOX_RETENTION_DAYS", 90, least=1)
POSTBOX_WEBHOOK_ALLOW_LOOPBACK = env.flag("POSTBOX_WEBHOOK_ALLOW_LOOPBACK")
try:
    POSTBOX_DNS_SERVERS = tuple(parse_server(one) for one in env.listing("POSTBOX_DNS_SERVERS"))
except ValueError as error:
    raise ImproperlyConfigured(f"POSTBOX_DNS_SERVERS: {error}") from error
# The host of a domain's MX record; an address or a bare label is no name that others can reach.
POSTBOX_MX_HOST = env.host_name("POSTBOX_MX_HOST", fallback=_public.hostname or "")
POSTBOX_SPF_INCLUDE = env.host_name("POSTBOX_SPF_INCLUDE")
POSTBOX_TRUSTED_AUTHSERV_ID = env.text("POSTBOX_TRUSTED_AUTHSERV_ID").strip().lower()
# Whose word on who sent a mail that they passed on is taken as advice (RFC 8617): domains that sign their seals.
POSTBOX_ARC_SEALERS = frozenset(name.lower() for name in env.listing("POSTBOX_ARC_SEALERS"))
# What becomes of mail whose author is not authenticated, where no policy says so.
POSTBOX_DEFAULT_AUTH = env.choice("POSTBOX_DEFAULT_AUTH", "quarantine", ("enforce", "quarantine", "monitor"))
# Whom else to ask about mail whose score is neither low nor high; None: nobody.
POSTBOX_SECOND_OPINION = opinion.asking()
POSTBOX_CLAMD = env.scanner("POSTBOX_CLAMD")
# How mail leaves: `mailbox` keeps it here (development), `poll` waits for an MTA that asks, or a server or a provider.
POSTBOX_TRANSPORT = env.text("POSTBOX_TRANSPORT", "poll")
# Recipients in a window, where a quota's own row sets no other; 0: no limit.
POSTBOX_QUOTAS = {
    ("agent", "hour"): env.number("POSTBOX_QUOTA_AGENT_HOUR", 200),
    ("agent", "day"): env.number("POSTBOX_QUOTA_AGENT_DAY", 1000),
    ("owner", "hour"): env.number("POSTBOX_QUOTA_OWNER_HOUR", 2000),
    ("owner", "day"): env.number("POSTBOX_QUOTA_OWNER_DAY", 10000),
    ("system", "hour"): env.number("POSTBOX_QUOTA_SYSTEM_HOUR", 20000),
    ("system", "day"): env.number("POSTBOX_QUOTA_SYSTEM_DAY", 100000),
}
# Mails that the doors take in a window, from one sender, to one address, and in all; 0: no limit.
POSTBOX_RATES = {
    ("sender", "hour"): env.number("POSTBOX_RATE_SENDER_HOUR", 0),
    ("sender", "day"): env.number("POSTBOX_RATE_SENDER_DAY", 0),
    ("recipient", "hour"): env.number("POSTBOX_RATE_RECIPIENT_HOUR", 0),
    ("recipient", "day"): env.number("POSTBOX_RATE_RECIPIENT_DAY", 0),
    ("system", "hour"): env.number("POSTBOX_RATE_SYSTEM_HOUR", 0),
    ("system", "day"): env.number("POSTBOX_RATE_SYSTEM_DAY", 0),
}
# So many copies over a limit within five minutes are an attack, while which senders' limits are tighter; 0: never.
POSTBOX_RATE_ATTACK = env.number("POSTBOX_RATE_ATTACK", 0)
# How long after a mail another that says the same is known by it.
POSTBOX_FINGERPRINT_DAYS = env.number("POSTBOX_FINGERPRINT_DAYS", 14, least=1, most=365)
# The certificate and key of the LMTP and the SMTP door, files in PEM; and whether they take mail without TLS.
POSTBOX_LMTP_TLS_CERT = env.text("POSTBOX_LMTP_TLS_CERT")
POSTBOX_LMTP_TLS_KEY = env.text("POSTBOX_LMTP_TLS_KEY")
POSTBOX_LMTP_REQUIRE_TLS = env.flag("POSTBOX_LMTP_REQUIRE_TLS")
# Where the SMTP door listens (None: nowhere), and how many connections a client may have there.
POSTBOX_SMTP_LISTEN = env.endpoint("POSTBOX_SMTP_LISTEN")
POSTBOX_SMTP_REQUIRE_TLS = env.flag("POSTBOX_SMTP_REQUIRE_TLS")
POSTBOX_SMTP_CLIENT_CONNECTIONS = env.number("POSTBOX_SMTP_CLIENT_CONNECTIONS", 10, least=1, most=100)
if bool(POSTBOX_LMTP_TLS_CERT) != bool(POSTBOX_LMTP_TLS_KEY):
    raise ImproperlyConfigured("POSTBOX_LMTP_TLS_CERT and POSTBOX_LMTP_TLS_KEY are set together or not at all.")
for _name, _required in (
    ("POSTBOX_LMTP_REQUIRE_TLS", POSTBOX_LMTP_REQUIRE_TLS),
    ("POSTBOX_SMTP_REQUIRE_TLS", POSTBOX_SMTP_REQUIRE_TLS),
):
    if _required and not POSTBOX_LMTP_TLS_CERT:
        raise ImproperlyConfigured(f"{_name} needs POSTBOX_LMTP_TLS_CERT and POSTBOX_LMTP_TLS_KEY.")
# Functions that may hold a mail until a person approved it: an attempt (outbound.gates.case) to words, or nothing.
POSTBOX_APPROVALS: tuple[str, ...] = ()
# Which providers may hand mail in at /inbound/<provider>, and by which secrets.
POSTBOX_INBOUND = inbound.secrets()
# Which providers may tell at /events/<provider> what became of mail, and by which secrets.
POSTBOX_EVENTS = inbound.events()
# What django-anymail is told where POSTBOX_TRANSPORT is anymail:<provider>: its own names, the provider's among them.
ANYMAIL = env.mapping("POSTBOX_ANYMAIL")
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(POSTBOX_HOME / "files")},
    },
    "postbox-mime": mime_storage(POSTBOX_HOME),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
