"""What a read writes: in the order of its input, in any form, with what was not found and what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from cli_driver import Finished, hubbatch, lines_of, table_of

from hubbatch import BatchError, ObjectResult, RecordOutcome, RecordStatus
from hubbatch.cli._read_out import ReadOut
from hubbatch.files import ObjectsFile, OutputError, read
from hubbatch.sandbox import Fault, FaultKind, Sandbox


def fill(sandbox: Sandbox, count: int) -> list[str]:
    return [
        sandbox.add("contacts", {"email": f"p{n}@b.cz", "city": "Brno"}).id for n in range(count)
    ]


def ids_file(folder: Path, ids: Sequence[str]) -> Path:
    path = folder / "ids.csv"
    path.write_text("id\n" + "".join(f"{each}\n" for each in ids))
    return path


def run(path: Path, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch("read", "contacts", path, "--base-url", sandbox.base_url, *options)


@pytest.mark.hubspot_sandbox(
    latency=(0.0, 0.05),
    faults=[Fault(FaultKind.UNAVAILABLE), None, Fault(FaultKind.LOCKED, retry_after=0.2)],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson"])
def test_objects_come_in_the_order_of_the_input(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    ids = fill(hubspot_sandbox, 1_000)[::-1]
    output = tmp_path / f"out.{suffix}"

    finished = run(ids_file(tmp_path, ids), hubspot_sandbox, "-p", "email", "-o", output)

    assert finished.code == 0
    assert [row["id"] for row in read(output, notice=lambda _: None)] == ids


def test_standard_output_gets_flat_lines_or_the_form_that_is_named(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    (one,) = fill(hubspot_sandbox, 1)
    path = ids_file(tmp_path, [one])

    flat = run(path, hubspot_sandbox, "-p", "email,city")
    assert flat.out == f'{{"id":"{one}","email":"p0@b.cz","city":"Brno"}}\n'
    assert "│" in flat.err

    table = run(path, hubspot_sandbox, "-p", "email", "--output-format", "csv")
    assert table.out == f"id,email\r\n{one},p0@b.cz\r\n"

    nested = orjson.loads(run(path, hubspot_sandbox, "-p", "email", "--nested").out)
    assert nested["properties"]["email"] == "p0@b.cz"
    assert "createdAt" in nested

    packed = run(path, hubspot_sandbox, "-p", "email", "--output-format", "parquet")
    assert packed.code == 2
    assert "Parquet goes to a file" in " ".join(packed.err.split())


def test_ids_that_are_not_found_are_listed_and_rejected(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    found = fill(hubspot_sandbox, 2)
    path, rejects = ids_file(tmp_path, [found[0], "901", "902", found[1]]), tmp_path / "bad.csv"

    finished = run(
        path, hubspot_sandbox, "-p", "email", "-o", tmp_path / "out.csv", "--rejects", rejects
    )

    assert finished.code == 1
    assert "2 not found, ids: 901, 902\n" in finished.err
    assert [line["id"] for line in table_of(rejects)] == ["901", "902"]
    assert [line["id"] for line in table_of(tmp_path / "out.csv")] == found

    many = run(ids_file(tmp_path, [str(900 + n) for n in range(25)]), hubspot_sandbox)
    assert "25 not found, ids: 900, 901," in many.err
    assert "919 and 5 more; --rejects FILE lists them" in many.err


def test_what_is_not_found_by_a_property_is_listed_by_its_line(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 1)
    path = tmp_path / "people.csv"
    path.write_text("email\np0@b.cz\nsecret@b.cz\n")

    finished = run(path, hubspot_sandbox, "--id-property", "email", "-p", "city")

    assert "1 not found, in the file: line 3\n" in finished.err
    assert "secret" not in finished.err


def test_a_property_that_no_answer_has_is_warned_of(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = ids_file(tmp_path, fill(hubspot_sandbox, 1))

    refused = run(path, hubspot_sandbox, "-p", "emial", "-p", "firstname")
    assert refused.code == 2
    assert "'emial' is no property of contacts (is 'email' meant?)" in refused.err
    finished = run(path, hubspot_sandbox, "-p", "emial", "-p", "firstname", "--no-check")

    assert finished.code == 0
    assert "warning: no object has a property 'emial'" in finished.err
    assert "firstname" not in finished.err


def test_an_output_that_is_there_is_not_touched(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    (one, two) = fill(hubspot_sandbox, 2)
    output = tmp_path / "out.csv"
    assert run(ids_file(tmp_path, [one]), hubspot_sandbox, "-p", "city", "-o", output).code == 0

    path = ids_file(tmp_path, [two])
    refused = run(path, hubspot_sandbox, "-p", "city", "-o", output)
    assert refused.code == 2
    assert "is there already" in refused.err
    assert run(path, hubspot_sandbox, "-p", "city", "-o", output, "--append").code == 0
    assert [line["id"] for line in table_of(output)] == [one, two]
    assert run(path, hubspot_sandbox, "-p", "city", "-o", output, "--force").code == 0
    assert [line["id"] for line in table_of(output)] == [two]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
def test_a_full_disk_stops_it(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = ids_file(tmp_path, fill(hubspot_sandbox, 300))

    finished = run(path, hubspot_sandbox, "-o", "/dev/full", "--output-format", "csv")

    assert finished.code == 3
    assert finished.err.count("cannot write /dev/full: No space left") == 1


def test_what_was_read_nested_can_be_read_again(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    (one,) = fill(hubspot_sandbox, 1)
    output = tmp_path / "out.ndjson"
    run(ids_file(tmp_path, [one]), hubspot_sandbox, "-p", "email", "--nested", "-o", output)

    again = run(output, hubspot_sandbox, "-p", "city")

    assert again.code == 0
    assert lines_of(output)[0]["id"] == orjson.loads(again.out)["id"] == one


# The output by itself


def test_what_settles_after_a_record_that_never_does_is_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"

    async def main() -> None:
        output = ReadOut(file)
        task = asyncio.create_task(output.work())
        for index in (2, 1):
            result = ObjectResult(str(index))
            await output.note(
                RecordOutcome(index, {"id": "7"}, RecordStatus.SUCCEEDED, result=result)
            )
        error = BatchError("OBJECT_NOT_FOUND", "not found")
        await output.note(RecordOutcome(4, {"id": "7"}, RecordStatus.FAILED, error=error))
        await output.end()
        await task
        output.begun = True
        await output.close()
        assert output.not_found == 1

    file = ObjectsFile(path)
    asyncio.run(main())

    assert [line["id"] for line in lines_of(path)] == ["1", "2"]


def test_an_output_that_fails_is_reported_once_and_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = ObjectsFile(tmp_path / "out.ndjson"), list[str]()

    def write(*_: ObjectResult) -> None:
        raise OutputError("cannot write out.ndjson: No space left")

    monkeypatch.setattr(file, "write", write)

    async def main() -> None:
        output = ReadOut(file, failed=said.append)
        task = asyncio.create_task(output.work())
        for index in range(3_000):
            record = RecordOutcome(index, None, RecordStatus.SUCCEEDED, result=ObjectResult("1"))
            await output.note(record)
        await output.end()
        await task
        await output.close()
        assert output.failure is not None

    asyncio.run(main())
    assert said == ["cannot write out.ndjson: No space left"]


def test_a_delimiter_that_cannot_be_written_is_blamed_on_the_option_of_the_output(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text("id\n1\n")
    options = ("-o", tmp_path / "all.csv", "--output-delimiter", ":")

    finished = hubbatch("read", "contacts", ids, *options, "--base-url", hubspot_sandbox.base_url)

    assert finished.code == 2
    assert "one of , ; | or tab" in finished.err
    assert "--output-delimiter" in finished.err
    assert "'--delimiter'" not in finished.err
    assert "for --delimiter" not in finished.err
