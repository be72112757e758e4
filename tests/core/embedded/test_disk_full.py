"""A full disk: said in numbers, and over as soon as there is space."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.core.embedded.conftest import Child

pytestmark = pytest.mark.slow

# The namespace is the test's own: the small disk is seen by nobody else and goes with it.
MOUNT = 'mount -t tmpfs -o size=60m tmpfs "$0" && exec "$@"'
SCRIPT = """
    import asyncio, json, subprocess, sys
    from pathlib import Path
    import asyncpg
    from shuke_core.embedded import EmbeddedError, EmbeddedServers, disk

    small = Path(sys.argv[1])
    home = small / "home"
    ballast = small / "ballast"
    told = {}

    def size(megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(small)], check=True)

    async def value(servers, query):
        connection = await asyncpg.connect(servers.admin_dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    def refused(case):
        try:
            EmbeddedServers.join(home, durable=False).leave()
        except EmbeddedError as error:
            told[case] = [error.code, str(error), str(error.facts.get("folder"))]

    refused("before initdb")
    disk.NEEDED_BYTES, needed = 0, disk.NEEDED_BYTES
    size(30)
    refused("inside initdb")
    told["data wiped"] = not (home / "postgres/data").exists()
    disk.NEEDED_BYTES = needed
    size(300)
    with EmbeddedServers.join(home, durable=False) as servers:
        asyncio.run(value(servers, "create table t as select 7 as n"))
        # The next start must write to a WAL file that is yet to be made.
        asyncio.run(value(servers, "select pg_switch_wal()"))
        servers.postgres.kill()
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
    except OSError:
        pass
    refused("at a start")
    ballast.unlink()
    with EmbeddedServers.join(home, durable=False) as servers:
        told["row"] = asyncio.run(value(servers, "select n from t"))
    print(json.dumps(told))
"""


def test_a_full_disk_is_named_and_the_next_run_with_space_recovers(
    ground: Path, child: Child
) -> None:
    small = ground / "small"
    small.mkdir()
    trial = subprocess.run(
        ["/usr/bin/env", "unshare", "-m", "/bin/sh", "-c", MOUNT, str(small), "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if trial.returncode != 0:
        pytest.skip(f"no small disk can be mounted here (uid {os.geteuid()}): {trial.stderr}")

    output = child(
        SCRIPT, small, before=("unshare", "-m", "/bin/sh", "-c", MOUNT, str(small))
    ).communicate()[0]

    told = json.loads(output.splitlines()[-1])
    for case, folder in {
        "before initdb": small / "home/postgres",
        "inside initdb": small / "home/postgres",
        "at a start": small / "home",
    }.items():
        code, sentence, named = told[case]
        assert code == "embedded.disk_full"
        assert Path(named).is_relative_to(folder)
        assert f"The disk of {named} is full: " in sentence
        assert "MB are free" in sentence
        assert sentence.endswith("Free some space and run again.")
    assert "about 100 MB are needed" in told["before initdb"][1]
    assert told["data wiped"] is True
    assert told["row"] == 7
