"""Speed of wikitext to text, beside mwparserfromhell and wikitextparser where they are installed.

    python benchmarks/wikitext.py [FOLDER] [--mb 2] [--runs 5]

FOLDER holds files of wikitext; without it a page of this file's own, repeated. MB = 10^6 UTF-8 bytes. The others keep
variants, templates' remains and empty brackets, so the tools do not do the same work. Medians; the tools take turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from builders.text.wikitext import wikitext_to_text

PAGE = """{{NoteTA|1=zh-cn:信息;zh-tw:資訊}}
{{Infobox 城市
| 名稱 = 青州
| 圖像 = [[檔案:View.jpg|thumb|从[[城墙]]上看]]
| 人口 = {{formatnum:123456}}
}}
'''青州'''（{{lang-en|Qingzhou}}），古稱-{zh-cn:青丘;zh-tw:青邱}-，是[[城市|古城]]<ref>{{cite book|title=x}}</ref>。
城在两条河之间，地势平坦，春天多风，夏天雨水集中，秋天的早晨常有大雾。居民大多种植小麦和棉花，也有不少人在窑场做工。
它的面积为{{convert|1569|km2|sqmi}}，有資訊中心三處，<!-- 待查 -->河流二条，分別是[[甲河]]与{{link-en|乙河|River B}}。

== 歷史 ==
* [[唐朝]]時期，這裡是'''重要'''的商埠，城中有市集、寺院和学校<ref name="a" />。
* 后来河道改变，商人们陆续离开，只有几座石桥保存到今天。

{| class="wikitable"
! 年份 !! 人口
|-
| 1950 || 40,000
|}
== 外部連結 ==
* [http://example.org 官方网站]
[[Category:城市]]
"""


def tools() -> dict[str, Callable[[str], object]]:
    found: dict[str, Callable[[str], object]] = {"siku": wikitext_to_text}
    try:
        import mwparserfromhell

        found["mwparserfromhell"] = lambda page: mwparserfromhell.parse(page).strip_code()
    except ImportError:
        pass
    try:
        import wikitextparser

        found["wikitextparser"] = lambda page: wikitextparser.parse(page).plain_text()
    except ImportError:
        pass
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--mb", type=float, default=2.0, help="about how much to read in one run")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    files = sorted(path for path in given.folder.rglob("*") if path.is_file()) if given.folder else []
    pages = [path.read_text(encoding="utf-8") for path in files] or [PAGE]
    size = sum(len(page.encode()) for page in pages)
    repeats = max(1, round(given.mb * 1e6 / size))
    speeds: dict[str, list[float]] = {}
    for _ in range(given.runs):
        for name, run in tools().items():
            started = time.process_time()
            for _ in range(repeats):
                for page in pages:
                    run(page)
            speeds.setdefault(name, []).append(size * repeats / 1e6 / (time.process_time() - started))
    print(f"{len(pages)} pages of {size / 1e6:.3f} MB, {repeats} times, {given.runs} runs")
    for name, values in speeds.items():
        print(f"{name:18} {statistics.median(values):7.2f} MB/s")


if __name__ == "__main__":
    main()
