"""`shuke doctor`: says what is wrong with a deployment, and what to do."""

import asyncio
import sys

import click
import orjson

from shuke_core.doctor.examination import examine
from shuke_core.doctor.findings import Finding, Health
from shuke_core.places import find_places
from shuke_core.settings import current_settings
from shuke_schema.cli.run import json_option

_MARKS = {Health.GOOD: "ok  ", Health.WARNING: "warn", Health.FAILED: "FAIL"}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Examine this deployment and say what to do. Exit code 1 when something has failed."""
    settings = current_settings()

    async def run() -> list[Finding]:
        findings = []
        with find_places(settings) as places:
            async for finding in examine(settings, places):
                findings.append(finding)
                if not as_json:
                    click.echo(f"{_MARKS[finding.health]}  {finding.subject}: {finding.sentence}")
                    if finding.remedy:
                        click.echo(f"      → {finding.remedy}")
        return findings

    findings = asyncio.run(run())
    if as_json:
        facts = [
            {
                "subject": f.subject,
                "health": f.health.value,
                "sentence": f.sentence,
                "remedy": f.remedy,
            }
            for f in findings
        ]
        click.echo(orjson.dumps({"findings": facts}).decode())
    sys.exit(1 if any(f.health is Health.FAILED for f in findings) else 0)
