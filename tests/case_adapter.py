"""What the shared cases call an operation, and the function of siku that does it. No work of its own."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any


def run(op: str, given: dict[str, Any]) -> dict[str, Any]:  # noqa: C901  # one arm an operation
    match op:
        case "decode":
            from builders.text.decode import decode

            decoded = decode(base64.b64decode(given["bytes_b64"]))
            return {"text": decoded.text, "encoding": decoded.encoding}
        case "split_chapters":
            from builders.text.chapters import split_chapters

            book = split_chapters(given["text"])
            chapters = [{"title": c.title, "volume": c.volume, "text": c.text} for c in book.chapters]
            return {"front_matter": book.front_matter, "chapters": chapters}
        case "dedup_chapters":
            from builders.dedup.near_duplicates import kept_indices

            return {"kept_indices": kept_indices([chapter["text"] for chapter in given["chapters"]])}
        case "clean_lines":
            from builders.text.site_ads import clean_lines

            return {"text": clean_lines(given["text"]).text}
        case "reflow":
            from builders.text.reflow import reflow

            return {"text": reflow(given["text"])}
        case "normalize":
            from builders.text.normalise import normalise

            normalised = normalise(given["text"])
            return {"text": normalised.text, "pua_count": normalised.private_use}
        case "to_simplified":
            from builders.text.script import to_simplified

            return {"text": to_simplified(given["text"], given["profile"])}
        case "cut_blocks":
            from builders.text.sentences import cut_blocks

            return {"blocks": cut_blocks(given["text"], given["max_chars"])}
        case "quality":
            from validators.quality import check_quality

            return {"keep": check_quality(given["text"], given["domain"]) is None}
        case "lang":
            from validators.language import detect_language

            language = detect_language(given["text"])
            return {"lang": language.lang, "script": language.script}
        case "parse_baike":
            from builders.sources.baike_page import parse_baike

            page = parse_baike(given["html"], given["url"])
            return asdict(page) | {"sections": page.sections, "paragraphs": page.paragraphs}
        case "parse_scel":
            from builders.sources.scel import parse_scel

            scel = parse_scel(base64.b64decode(given["bytes_b64"]))
            return asdict(scel)
        case "find_pii":
            from validators.pii import find_pii

            return {"entities": [{"type": one.type, "text": one.text} for one in find_pii(given["text"])]}
        case "robots_can_fetch":
            from builders.crawl.robots import robots_can_fetch

            return {"allowed": robots_can_fetch(given["robots"], given["user_agent"], given["url"])}
        case "wikitext_to_text":
            from builders.text.wikitext import wikitext_to_text

            return {"text": wikitext_to_text(given["wikitext"])}
        case "repair_brackets":
            from builders.text.brackets import repair_brackets

            return {"text": repair_brackets(given["text"])}
        case "wiki_page":
            from builders.text.wiki_pages import page_kind
            from builders.text.wikitext import wikitext_to_text

            skip = page_kind(given["wikitext"], given["ns"], given["title"])
            return {"skip": skip, "text": wikitext_to_text(given["wikitext"]) if skip is None else ""}
        case "normalize_dialogue":
            from builders.sources.dialogue_formats import normalise_dialogue

            normalised_dialogue = normalise_dialogue(given["format"], given["raw"])
            return {"conversations": normalised_dialogue.conversations, "drop": normalised_dialogue.drop}
        case "clean_utterance":
            from builders.text.utterances import clean_utterance

            return {"text": clean_utterance(given["text"])}
        case "split_repost":
            from builders.text.utterances import split_repost

            return {"turns": split_repost(given["text"])}
        case "chat_window":
            from builders.text.windows import chat_window

            return {"context": chat_window(given["turns"], given["target_index"], given["max_chars"])}
        case "parse_reply":
            from validators.replies import parse_reply

            parsed = parse_reply(given["reply"])
            return {"pairs": [pair._asdict() for pair in parsed.pairs], "error": parsed.error}
        case "check_qa":
            from validators.qa_pairs import check_pairs

            pairs = [(pair["question"], pair["answer"]) for pair in given["pairs"]]
            verdicts = check_pairs(given["passage"], pairs, given["max_question_chars"], given["max_answer_chars"])
            return {"verdicts": [[verdict.check for verdict in found] for found in verdicts]}
        case "rouge":
            from trainers.evaluation.metrics import rouge

            return rouge(given["candidate"], given["reference"])._asdict()
    raise ValueError(f"siku has no operation {op!r} yet")
