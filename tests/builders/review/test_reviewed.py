"""What reviewers decided, applied to the next version."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from builders.document import Document, Message, conversation, transcript
from builders.engine.tables import read_dataset_rows
from builders.review.decisions import Decision, Reviews, agreement, content_digest, reviews_file, settle
from builders.review.reviewed import Reviewed
from tests.corpora import passage
from tests.running import Siku, command, digests
from validators.errors import SikuError
from validators.step import Verdict

TEXTS = {f"t{n}": f"第{n}夜，他推门进去，雪还没有停。桌上放着{n}封信，没有一封是写给他的。" for n in range(8)}
TALK: list[Message] = [{"role": "user", "content": "雪停了吗？"}, {"role": "assistant", "content": "还没有挺。"}]


def decided(path: Path, *decisions: Decision) -> Path:
    reviews = Reviews(path)
    for one in decisions:
        reviews.decide(one)
    return path


def choice(item: str, who: str, what: Any, **more: Any) -> Decision:
    return Decision(item, who, "", what, **more)


def applied(tmp_path: Path, document: Document, *decisions: Decision, rule: str = "any") -> Document | Verdict:
    return Reviewed(decisions=(str(decided(tmp_path / "r.jsonl", *decisions)),), rule=rule)(document)


# ---------------------------------------------------------------- golden cases


def test_rejected_by_one_of_two(tmp_path: Path) -> None:
    said = (choice("1", "wang", "accept"), choice("1", "li", "reject", comment="后半\n乱码"))
    verdict = applied(tmp_path, Document("1", "雪夜"), *said)
    assert str(verdict) == "rejected, reviewers differ: wang accepts, li rejects (后半 乱码)"
    assert str(Reviewed(decisions=(str(tmp_path / "r.jsonl"),))(Document("2", "雪夜"))) == str(Document("2", "雪夜"))


def test_edited_text_with_evidence(tmp_path: Path) -> None:
    edit = choice("1", "wang", "edit", text="雪夜归人", comment="漏字", seen=content_digest("雪夜人", None))
    document = applied(tmp_path, Document("1", "雪夜人"), edit)
    assert isinstance(document, Document) and document.text == "雪夜归人"
    comment, edited = document.notes
    assert comment == ("comment", "wang: 漏字")
    assert edited.kind == "edited" and edited.text.startswith("wang, 20") and edited.text.endswith("; before: 雪夜人")


def test_edited_turns(tmp_path: Path) -> None:
    turns: Any = [TALK[0], {"role": "assistant", "content": "还没有停。"}]
    document = applied(tmp_path, conversation("1", TALK), choice("1", "wang", "edit", messages=turns))
    assert isinstance(document, Document)
    assert document.messages == turns and document.text == transcript(turns)


def test_an_edit_of_another_text_is_not_applied(tmp_path: Path) -> None:
    old = choice("1", "wang", "edit", text="雪夜归人", seen=content_digest("雪夜人", None))
    document = applied(tmp_path, Document("1", "雪夜行人"), old)
    assert isinstance(document, Document) and document.text == "雪夜行人"
    assert [tuple(note) for note in document.notes] == [("edit not applied", "wang edited another text: 雪夜归人")]
    form = applied(tmp_path / "b", conversation("1", TALK), choice("1", "li", "edit", text="雪"))
    assert isinstance(form, Document) and [note.kind for note in form.notes] == ["edit not applied"]


def test_the_newest_of_a_reviewer_counts_and_what_is_withdrawn_does_not(tmp_path: Path) -> None:
    path = decided(tmp_path / "r.jsonl", choice("1", "wang", "reject"), choice("1", "wang", "accept"))
    decided(path, choice("2", "wang", "reject"), choice("2", "wang", None), choice("3", "wang", None, comment="看看"))
    step = Reviewed(decisions=(str(path),))
    for name, kinds in (("1", []), ("2", []), ("3", ["comment"])):
        document = step(Document(name, "雪"))
        assert isinstance(document, Document) and [note.kind for note in document.notes] == kinds


@pytest.mark.parametrize(
    ("said", "any_", "majority", "all_"),
    [
        ("ra", "reject", "accept", "accept"),
        ("rra", "reject", "reject", "accept"),
        ("rr", "reject", "reject", "reject"),
        ("re", "reject", "edit", "edit"),
        ("ae", "edit", "edit", "edit"),
        ("aa", "accept", "accept", "accept"),
    ],
)
def test_the_rule_where_reviewers_differ(said: str, any_: str, majority: str, all_: str) -> None:
    words = {"r": "reject", "a": "accept", "e": "edit"}
    some = [choice("1", f"p{n}", words[one], text="新" if one == "e" else None) for n, one in enumerate(said)]
    found = {rule: settle(some, rule).choice for rule in ("any", "majority", "all")}
    assert found == {"any": any_, "majority": majority, "all": all_}
    assert settle(some).differ == (len(set(said)) > 1)


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(SikuError, match="rule is 'most'"):
        Reviewed(rule="most")
    (tmp_path / "no.jsonl").write_text('{"item": "1"}\n{"item":"1","who":"w","when":"","decision":"maybe"}\n')
    with pytest.raises(SikuError, match="no decision in this file"):
        Reviewed(decisions=(str(tmp_path / "no.jsonl"),)).check_reads()


def test_agreement() -> None:
    wang = [choice(str(n), "wang", "accept" if n < 8 else "reject") for n in range(10)]
    li = [choice(str(n), "li", "accept" if n < 7 else "reject") for n in range(10)]
    found = agreement([*wang, *li, choice("x", "zhao", "edit", text=""), choice("1", "zhao", None, comment="好")])
    assert found["reviewers"] == {"li": 10, "wang": 10, "zhao": 1} and found["documents"] == 10
    assert found["share"] == 0.9
    (pair,) = found["pairs"]
    assert pair["kappa"] == pytest.approx((0.9 - 0.62) / 0.38)
    assert found["alpha"] == pytest.approx(1 - 19 * 2 / (2 * 15 * 5))
    assert agreement([]) == {"reviewers": {}, "documents": 0, "share": None, "alpha": None, "pairs": []}


# ---------------------------------------------------------------- a build


def write_texts(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    rows = (json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in TEXTS.items())
    (folder / "texts.jsonl").write_text("\n".join(rows))
    return folder


def rows_of(folder: Path, name: str) -> dict[str, Any]:
    return {row["id"]: row for row in read_dataset_rows(folder, name)}


def test_the_next_version(tmp_path: Path, siku: Siku) -> None:
    source, out = write_texts(tmp_path / "texts"), tmp_path / "out"
    base = ("build", "text-pretrain", "--input", source, "--out", out, "--json")
    first = siku(*base).json
    old = out / "text-pretrain" / "1"
    missing = siku(*base, "--as", "2", "--set", "reviewed=text-pretrain@1", code=2)
    assert "nobody has decided anything" in missing.err and "siku view text-pretrain@1" in missing.err
    before = digests(old)
    kept = rows_of(old, "train")["t2"]["text"]
    path = decided(
        reviews_file(old),
        choice("t1", "li", "reject", comment="重复的情节"),
        choice("t2", "li", "edit", text=kept + "他又读了一遍。", seen=content_digest(kept, None)),
        choice("t3", "wang", "accept", comment="很好"),
        choice("t9", "wang", "reject"),
    )
    ran = siku(*base, "--as", "2", "--set", "reviewed=text-pretrain@1")
    assert "1 decisions are about documents that did not reach Reviewed: t9" in ran.err
    new = out / "text-pretrain" / "2"
    dropped = rows_of(new, "dropped")["t1"]
    assert (dropped["step"], dropped["reason"]) == ("Reviewed", "rejected: li rejects (重复的情节)")
    assert dropped["text"] == rows_of(old, "train")["t1"]["text"]
    assert rows_of(new, "train")["t2"]["text"].endswith("他又读了一遍。")
    evidence = [(row["id"], row["step"], row["kind"]) for row in read_dataset_rows(new, "evidence")]
    assert ("t2", "Reviewed", "edited") in evidence and ("t3", "Reviewed", "comment") in evidence
    assert ran.json["fingerprint"] != first["fingerprint"]
    assert ran.json["steps"][-1]["name"] == "Reviewed" and ran.json["steps"][-1]["dropped"] == 1
    assert digests(old) == before and path.parent == old.parent
    told = siku("inspect", "text-pretrain@2", "t1", "--out", out).out
    assert "rejected: li rejects" in told and "Reviewed" in told
    siku("verify", "text-pretrain@2", "--out", out)
    # decided anew: another dataset, whose version is not written over
    decided(path, choice("t4", "wang", "reject"))
    again = siku(*base, "--as", "2", "--set", "reviewed=text-pretrain@1", code=2)
    assert "steps.Reviewed.reads" in again.err and "--as 3" in again.err


def test_a_kept_plan_asks_for_the_decisions(tmp_path: Path, siku: Siku) -> None:
    source, out = write_texts(tmp_path / "texts"), tmp_path / "out"
    path = decided(tmp_path / "mine.jsonl", choice("t1", "li", "reject"), choice("t1", "wang", "accept"))
    words = ("--input", source, "--out", out, "--json", "-q")
    rule = ("--set", "steps.Reviewed.rule=all", "--set", f"reviewed={path}")
    first = siku("build", "text-pretrain", *words, *rule).json
    assert first["steps"][-1]["dropped"] == 0
    manifest = out / "text-pretrain" / "1" / "manifest.json"
    (tmp_path / "plan.json").write_text(json.dumps(json.loads(manifest.read_text())["plan"]))
    refused = siku("build", tmp_path / "plan.json", *words, code=2)
    assert "steps.Reviewed.decisions" in refused.err
    again = siku("build", tmp_path / "plan.json", *words, "--set", f"reviewed={path}").json
    assert again["fingerprint"] == first["fingerprint"]
    assert "Reviewed" in siku("show", "text-pretrain", "--set", f"reviewed={path}").out


@pytest.mark.slow
def test_kill_9_while_decisions_are_applied(tmp_path: Path, siku: Siku) -> None:
    """Whatever was done by then: the same bytes, also when somebody decides more in between."""
    source = tmp_path / "texts"
    source.mkdir()
    for file in range(6):
        rows = ({"id": f"{file}-{n:05d}", "text": passage(f"{file}/{n}", 200)} for n in range(400))
        (source / f"{file}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    said = [choice(f"{n % 6}-{n:05d}", "li", "reject" if n % 3 else "accept", comment="看") for n in range(0, 400, 7)]
    path = decided(tmp_path / "mine.jsonl", *said)
    frozen = path.read_bytes()

    def words(out: Path) -> list[str | Path]:
        off = ["--set", "steps.NearDuplicates.jaccard=1.0"]
        return ["build", "text-pretrain", "--input", source, "--out", out, "--set", f"reviewed={path}", "-q", *off]

    started = time.monotonic()
    siku(*words(tmp_path / "whole"))
    seconds = time.monotonic() - started
    whole = digests(tmp_path / "whole" / "text-pretrain" / "1")
    for place, share in enumerate((0.4, 0.6, 0.75, 0.9)):
        out = tmp_path / f"killed-{place}"
        process = subprocess.Popen(command(*words(out)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(share * seconds)
        if place % 2:
            decided(path, choice("0-00001", "wang", "reject"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        path.write_bytes(frozen)
        siku(*words(out))
        assert digests(out / "text-pretrain" / "1") == whole
