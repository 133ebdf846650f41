"""``docker-compose.yml`` and the image: valid by the Compose specification, hardened, and wired to what there is.

No container is started here. What is shown: the file's form, who reaches whom, that every secret is handed over by file
and that the settings load from just these variables and files.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from postbox.config.up import heard
from postbox.config.up.run import NAMES
from postbox.metrics import heartbeat
from tests.ingest.lmtp import door as lmtp

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}
OURS = {name for name, service in SERVICES.items() if service["image"] == "postbox"}
# Gives a new volume to the user that minio runs as, with that one capability and no network.
ROOTS = {"minio-folder"}
MAIL_DOORS = {"lmtp": 8024, "smtp": 8025}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


def test_it_is_valid_by_the_compose_specification() -> None:
    found = find_spec("check_jsonschema")
    if found is None or found.origin is None:
        assert not os.environ.get("CI"), "check-jsonschema, which ships the Compose schema, is not installed"
        pytest.skip("check-jsonschema, which ships the Compose schema, is not installed")
    folder = Path(found.origin).parent / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    broken = COMPOSE | {"services": {"web": {"imagge": "postbox"}}}
    assert list(validator.iter_errors(broken)), "the schema finds nothing wrong with anything"


def test_all_parts_run() -> None:
    commands = {name: SERVICES[name]["command"] for name in OURS - JOBS}
    assert commands == {name: ["postbox.config.up.run", name] for name in commands}
    assert set(commands) == set(NAMES)
    assert {"postgres", "redis", "minio", "migrate", "bucket"} <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges=true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert "privileged" not in service
    assert "env_file" not in service
    user = str(service["user"]).partition(":")[0]
    if name in ROOTS:
        assert (user, service["cap_add"], service["network_mode"]) == ("0", ["CHOWN"], "none")
    else:
        assert int(user) > 0
        assert "cap_add" not in service
        assert "network_mode" not in service
    for mount in service.get("tmpfs", []):
        assert {"noexec", "nosuid", "nodev"} <= set(mount.partition(":")[2].split(",")), mount
    for volume in service.get("volumes", []):
        assert volume.partition(":")[0] in COMPOSE["volumes"], "only named volumes: nothing of the host is mounted"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - JOBS))
def test_what_runs_for_long_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["healthcheck"]["retries"]


def test_our_image_is_built_here_and_asked_of_no_registry() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["web"]
    assert {name for name, service in SERVICES.items() if service.get("pull_policy") == "never"} == OURS


def test_the_guide_restarts_all_that_read_the_settings_and_no_store() -> None:
    named = re.findall(r"^docker compose restart (.*)$", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE)
    assert [set(names.split()) for names in named] == [OURS - JOBS - {"smtp"}]


def test_the_doors_alone_are_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in {"web": 8000, **MAIL_DOORS}.items()}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["smtp"]


def test_networks_let_through_only_what_must_pass() -> None:
    members = {
        network: {name for name, service in SERVICES.items() if network in service.get("networks", [])}
        for network in COMPOSE["networks"]
    }
    stores = {"postgres", "redis", "minio"}
    for network, name in (("data", "postgres"), ("broker", "redis"), ("bucket", "minio")):
        assert COMPOSE["networks"][network]["internal"] is True
        assert members[network] & stores == {name}
        assert SERVICES[name]["networks"] == [network]
    assert (members["edge"], members["mta"], members["world"]) == ({"web"}, {"lmtp", "worker-rest"}, {"smtp"})
    assert members["out"] == {"worker-ingest", "worker-webhooks", "worker-rest"}
    assert not {"worker-webhooks", *MAIL_DOORS} & members["bucket"]
    assert COMPOSE["networks"]["out"]["driver_opts"] == {"com.docker.network.bridge.enable_icc": "false"}
    assert all(service.get("networks") for name, service in SERVICES.items() if name not in ROOTS)


def test_what_depends_waits_for_what_there_is() -> None:
    def below(name: str, path: tuple[str, ...] = ()) -> None:
        assert name not in path, f"a circle: {path}"
        for other, how in SERVICES[name].get("depends_on", {}).items():
            assert how["condition"] == ("service_completed_successfully" if other in JOBS else "service_healthy")
            below(other, (*path, name))

    for name in SERVICES:
        below(name)


# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run([ROOT / "deploy" / "make-secrets", folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_by_file_and_to_who_needs_them(name: str) -> None:
    given = set(SERVICES[name].get("secrets", []))
    assert given <= set(COMPOSE["secrets"])
    values = environment(name)
    named = {Path(value).name for key, value in values.items() if key.endswith("_FILE")}
    assert all(value.startswith("/run/secrets/") for key, value in values.items() if key.endswith("_FILE"))
    script = " ".join(SERVICES[name].get("entrypoint", []))
    assert named | set(re.findall(r"/run/secrets/(\w+)", script)) == given
    for key, value in values.items():
        if not key.endswith("_FILE"):
            assert not re.search(r"SECRET|PASSWORD|TOKEN|DATABASE_URL|BROKER_URL|KEYS?$", key), (key, value)


def test_the_script_makes_every_secret_once(made: Path) -> None:
    files = {path.name: path for path in made.iterdir()}
    assert set(files) == set(COMPOSE["secrets"])
    assert all(COMPOSE["secrets"][name]["file"].endswith(f"/{name}") for name in files)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    before = {name: path.read_text() for name, path in files.items()}
    assert len(set(before.values())) == len(before)
    subprocess.run([ROOT / "deploy" / "make-secrets", made], check=True, capture_output=True)
    assert {name: path.read_text() for name, path in files.items()} == before


def test_the_settings_load_from_these_variables_and_files(made: Path) -> None:
    values = {
        key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value).replace("/run/secrets", str(made))
        for key, value in environment("web").items()
    }
    program = """
import json
from django.conf import settings
from django.core.files.storage import storages
bucket = storages["postbox-mime"]
print(json.dumps([settings.DATABASES["default"]["HOST"], settings.DATABASES["default"]["PASSWORD"],
                  settings.CELERY_BROKER_URL, settings.POSTBOX_METRICS_TOKEN, type(bucket).__name__,
                  bucket.bucket_name, bucket.secret_key, settings.ALLOWED_HOSTS, settings.POSTBOX_DEFAULT_DOMAIN]))
"""
    with (made / "settings").open("a") as mine:  # as its operator does
        mine.write("POSTBOX_DEFAULT_DOMAIN=agents.example.org\n")
    minimal = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "POSTBOX_HOME": str(made.parent)}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=minimal | {"DJANGO_SETTINGS_MODULE": "postbox.config.settings"} | values,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    host, password, broker, token, bucket, name, key, hosts, domain = json.loads(answer.stdout)
    secret = {path.name: path.read_text().strip() for path in made.iterdir()}
    assert (host, password) == ("postgres", secret["postgres_password"])
    assert broker == secret["broker_url"] == f"redis://:{secret['redis_password']}@redis:6379/0"
    assert (token, key) == (secret["metrics_token"], secret["s3_secret_key"])
    assert (bucket, name) == ("S3Storage", "postbox-mime")
    assert {"127.0.0.1", "web"} <= set(hosts)
    assert domain == "agents.example.org"


def test_every_variable_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    for name in OURS:
        for key in environment(name):
            if key not in {"HOST", "PORT"}:
                assert f"`{key}`" in documented or f"`{key.removesuffix('_FILE')}`" in documented, key


# --- the image ---------------------------------------------------------------------------------------------------


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    assert SERVICES["web"]["user"] == "10001:10001"
    assert re.findall(r"pip install (.*)$", DOCKERFILE, re.MULTILINE) == [
        "--require-hashes --requirement /requirements.txt"
    ]
    assert "://" not in DOCKERFILE
    assert "--index" not in DOCKERFILE
    lock = (ROOT / "requirements" / "s3.txt").read_text()
    assert "--hash=sha256:" in lock
    base = re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements" / "base.txt").read_text(), re.MULTILINE)
    assert set(base) <= set(re.findall(r"^([a-z0-9-]+==\S+)", lock, re.MULTILINE)), "the lock of s3 holds all of base"


def test_the_build_sees_what_it_copies_and_no_more() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    assert all((ROOT / path).exists() for path in copied)
    ignore = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split("\n")
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    assert "*" in ignore


# --- health checks -----------------------------------------------------------------------------------------------


def test_health_checks_ask_for_what_is_told(settings: Any) -> None:
    asked = {
        name: service["healthcheck"]["test"][-1]
        for name, service in SERVICES.items()
        if "postbox.config.up.heard" in service.get("healthcheck", {}).get("test", [])
    }
    assert asked == {name: name for name in settings.POSTBOX_WORKERS} | {"beat": "sweep"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", MAIL_DOORS)
def test_a_mail_doors_check_hears_its_greeting(name: str) -> None:
    *_, check = SERVICES[name]["healthcheck"]["test"]
    with lmtp.running() as door:
        here = check.replace(str(MAIL_DOORS[name]), str(door.port))
        assert subprocess.run([sys.executable, "-c", here], timeout=30).returncode == 0
    assert subprocess.run([sys.executable, "-c", here], timeout=30, stderr=subprocess.DEVNULL).returncode != 0


@pytest.mark.django_db(transaction=True)
def test_a_part_that_was_heard_of_is_healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from django.db import connection

    from postbox.events.sweep import sweep

    given = connection.settings_dict
    file = tmp_path / "url"
    where = f"{given['HOST']}:{given['PORT']}/{given['NAME']}"
    file.write_text(f"postgresql://{given['USER']}:{given['PASSWORD']}@{where}\n")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL_FILE", str(file))
    assert heard.main("worker-rest") == heard.main("sweep") == 1
    heartbeat.beat("worker-rest")
    sweep()
    assert heard.main("worker-rest") == heard.main("sweep") == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE heartbeats SET at = at - interval '2 minutes'")
    assert heard.main("worker-rest") == 1
    file.write_text("postgresql://nobody@127.0.0.1:1/none")
    assert heard.main("worker-rest") == 1
