"""The files in `deploy/` say what the program understands: commands, settings, paths, time-outs."""

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.contracts.house import ROOT

from shuke_core.settings import PREFIX, Settings
from shuke_schema.cli import cli

DEPLOY = ROOT / "deploy"
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}
UNITS = sorted(DEPLOY.glob("systemd/*"))


class _Several(dict[str, Any]):
    """systemd lets a name stand several times; all of its values count."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, list) and name in self:
            value = self[name] + value
        super().__setitem__(name, value)


def unit(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False, dict_type=_Several)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def faults_of_service(service: dict[str, str]) -> list[str]:
    """What is wrong with a service's command, settings or time-out."""
    words = shlex.split(service["ExecStart"])
    found = []
    command = cli.get_command(None, words[1])  # type: ignore[arg-type]
    if Path(words[0]).name != "shuke" or command is None:
        found.append(f"no such command: {words}")
    else:
        known = {name for option in command.params for name in option.opts}
        found += [
            f"no such option: {w}" for w in words[2:] if w.startswith("--") and w not in known
        ]
    names = re.findall(r"(SHUKE_\w+)=", service.get("Environment", ""))
    found += [f"no such setting: {name}" for name in names if name not in SETTINGS]
    if service.get("Type") != "oneshot" and service.get("Restart") != "always":
        found.append("stays away when it fails")
    if service.get("Type") != "oneshot" and int(service["TimeoutStopSec"]) < 20:
        found.append("killed before it has finished what it has")
    if service["User"] == "root":
        found.append("runs as root")
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_there_is(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# ")
    said = unit(text)
    assert said["Unit"]["Description"]
    if path.suffix == ".service":
        assert faults_of_service(said["Service"]) == []
        # With systemd's limit a database that is away for a minute would end it for good.
        limit = said["Unit"].get("StartLimitIntervalSec")
        assert limit == "0" or said["Service"].get("Type") == "oneshot"
    if path.suffix == ".timer":
        assert path.with_suffix(".service") in UNITS
        assert said["Timer"]["Persistent"] == "true"


def test_a_wrong_unit_is_found() -> None:
    wrong = {
        "ExecStart": "/opt/shuke/bin/shuke serve --ports 3",
        "Environment": "SHUKE_HOME=/x SHUKE_COLOUR=red",
        "TimeoutStopSec": "5",
        "User": "root",
    }
    assert faults_of_service(wrong) == [
        "no such option: --ports",
        "no such setting: SHUKE_COLOUR",
        "stays away when it fails",
        "killed before it has finished what it has",
        "runs as root",
    ]
    assert faults_of_service({**wrong, "ExecStart": "/opt/shuke/bin/shuke server"})[0].startswith(
        "no such command"
    )


def test_compose_starts_what_there_is() -> None:
    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = said["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "maintain"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            (line,) = service["command"]
            said = re.search(r"/opt/shuke/bin/shuke (\w+)", line)
            command = said[1] if said else line
            assert cli.get_command(None, command) is not None  # type: ignore[arg-type]
            assert set(service["environment"]) <= SETTINGS
    assert "SHUKE_OWNER_DATABASE_URL" not in services["web"]["environment"]
    assert "SHUKE_MASTER_KEY" not in services["migrate"]["environment"]


def faults_of_image(text: str) -> list[str]:
    """What is wrong with a Dockerfile: paths that are not there, root, an unhashed install."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    parsed = [line.split(maxsplit=1) for line in lines]
    found = []
    for word, rest in parsed:
        if word not in {
            "FROM",
            "WORKDIR",
            "COPY",
            "RUN",
            "USER",
            "ENV",
            "EXPOSE",
            "ENTRYPOINT",
            "CMD",
        }:
            found.append(f"unknown instruction {word}")
        if word == "COPY" and "--from" not in rest:
            found += [f"nothing at {p}" for p in rest.split()[:-1] if not (ROOT / p).exists()]
        if word == "RUN" and " -r " in rest and "--require-hashes" not in rest:
            found.append("installs without hashes")
        if word == "ENV":
            names = [pair.partition("=")[0] for pair in rest.split()]
            found += [f"no such setting: {name}" for name in names if name not in SETTINGS]
    if [rest for word, rest in parsed if word == "USER"][-1:] in ([], ["root"]):
        found.append("runs as root")
    return found


def test_the_image_is_built_from_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert faults_of_image(text) == []
    assert faults_of_image(
        text.replace("COPY core core", "COPY gone core")
        .replace(" --require-hashes", "")
        .replace("USER 10001\n", "")
        .replace("SHUKE_HOST=", "SHUKE_HOAST=")
    ) == [
        "installs without hashes",
        "nothing at gone",
        "no such setting: SHUKE_HOAST",
        "runs as root",
    ]


LINTERS = {
    "Dockerfile": ("hadolint",),
    "compose.yaml": ("check-jsonschema", "--builtin-schema", "vendor.compose-spec"),
}


def lint(name: str, path: Path) -> "subprocess.CompletedProcess[str]":
    """What `make check` says of such a file."""
    tool, *options = LINTERS[name]
    return subprocess.run(
        [str(Path(sys.executable).parent / tool), *options, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "here", "wrong", "told"),
    [
        ("Dockerfile", "python:3.11-slim AS build", "python AS build", "DL3006"),
        ("Dockerfile", "USER 10001", "USER root", "DL3002"),
        ("Dockerfile", "WORKDIR /src", "WORKDIR src", "DL3000"),
        ("compose.yaml", "restart: always", "restarts: always", "'restarts' was unexpected"),
        ("compose.yaml", "interval: 2s", "interval: [2]", "healthcheck.interval"),
    ],
)
def test_the_linters_take_the_files_and_find_what_is_wrong(
    name: str, here: str, wrong: str, told: str, tmp_path: Path
) -> None:
    kept = DEPLOY / name
    taken = lint(name, kept)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    bent = tmp_path / name
    bent.write_text(kept.read_text().replace(here, wrong))
    refused = lint(name, bent)
    assert refused.returncode == 1
    assert told in refused.stdout + refused.stderr


def test_make_check_runs_the_linters() -> None:
    said = (ROOT / "Makefile").read_text()
    for name, words in LINTERS.items():
        assert f".venv/bin/{' '.join(words)} deploy/{name}" in said


def test_ports_of_instances_are_ports() -> None:
    """The instance is the port, or the port behind a digit: no two processes meet."""
    for unit_name, instances in (("shuke-web@", (8201, 8212)), ("shuke-worker@", (9301, 9312))):
        text = (DEPLOY / "systemd" / f"{unit_name}.service").read_text()
        for instance in instances:
            names = re.findall(r"SHUKE_METRICS_PORT=(\S+)", text)
            ports = [int(name.replace("%i", str(instance))) for name in names]
            assert len(ports) == 1
            assert all(1024 < port < 32768 for port in ports)


def test_pgbouncer_keeps_as_many_statements_as_we_do() -> None:
    parser = configparser.RawConfigParser()
    parser.read(DEPLOY / "pgbouncer.ini")
    kept = int(parser["pgbouncer"]["max_prepared_statements"])
    assert kept >= Settings.model_fields["statement_cache"].default
