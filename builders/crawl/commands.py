"""The words of `siku crawl`: three commands over one fetcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from validators.command_line import Args, Command, flag, path

if TYPE_CHECKING:
    from builders.crawl.manners import Manners
    from builders.crawl.visit import CrawlResult

OK = 0


def run_baike(args: Args) -> int:
    from builders.crawl.baike import crawl_baike
    from builders.engine.progress import Progress

    with Progress(quiet=args.quiet) as progress:
        result = crawl_baike(
            words=args.words,
            out=args.out,
            base=args.base,
            manners=_manners(args),
            fresh=args.fresh,
            progress=progress,
        )
    return _show_pages(result, f"siku build baike-knowledge --input {args.out}", as_json=args.json)


def run_site(args: Args) -> int:
    from builders.crawl.site import Selectors, crawl_site
    from builders.engine.progress import Progress

    with Progress(quiet=args.quiet) as progress:
        result = crawl_site(
            start=args.start,
            out=args.out,
            selectors=Selectors(follow=args.follow, text=args.text, title=args.title),
            max_pages=args.max_pages,
            manners=_manners(args),
            fresh=args.fresh,
            progress=progress,
        )
    return _show_pages(result, f"siku build novel-pretrain --input {args.out}", as_json=args.json)


def run_dump(args: Args) -> int:
    from builders.crawl.dump import crawl_dump
    from builders.engine.progress import Progress
    from builders.publish.terminal import print_json

    with Progress(quiet=args.quiet) as progress:
        result = crawl_dump(
            url=args.url,
            out=args.out,
            sha256=args.sha256,
            sha1=args.sha1,
            md5=args.md5,
            checksums=args.checksums,
            max_gb=args.max_gb,
            manners=_manners(args),
            progress=progress,
        )
    if args.json:
        print_json(result.to_json())
        return OK
    print(f"{args.out / result.file}: {result.bytes:,} bytes{'' if result.changed else ', there already'}")
    checked = f", checked by {', '.join(result.checked)}" if result.checked else ""
    print(f"sha256 {result.sha256}{checked}")
    return OK


def _show_pages(result: CrawlResult, next: str, *, as_json: bool) -> int:
    from builders.publish.terminal import print_json

    if as_json:
        print_json(result.to_json())
        return result.exit_code
    counts = {name: getattr(result, name) for name in ("kept", "missing", "refused", "failed")}
    print(f"{result.out}: {', '.join(f'{count:,} {name}' for name, count in counts.items())} (pages)")
    print(f"{result.requests:,} requests, {result.unchanged:,} unchanged since the last run")
    for reason, count in result.reasons.items():
        print(f"       {count:,} x {reason}")
    for note in result.notes:
        print(f"note   {note}")
    if result.kept:
        print(f"next   {next}")
    return result.exit_code


def _manners(args: Args) -> Manners:
    from builders.crawl.manners import Manners

    given: dict[str, Any] = {
        "delay_s": args.delay,
        "timeout_s": args.timeout,
        "tries": args.tries,
        "contact": args.contact,
        "allowed_hosts": tuple(args.allow_host),
        "blocked_hosts": tuple(args.blocked_host),
    }
    pages = {} if not hasattr(args, "max_page_mb") else {"max_page_mb": args.max_page_mb}
    manners = Manners(**given, **pages)
    manners.check()
    return manners


OUT = flag(
    "--out", type=path, required=True, metavar="DIR", help="folder for what is fetched; the journal is there, too"
)
POLITE = (
    flag("--delay", type=float, default=1.0, metavar="SECONDS", help="between two requests to one host (default: 1)"),
    flag("--timeout", type=float, default=60.0, metavar="SECONDS", help="for one whole request (default: 60)"),
    flag("--tries", type=int, default=4, metavar="N", help="of one request, further and further apart (default: 4)"),
    flag("--contact", default="", metavar="ADDRESS", help="mail or web address that servers are told"),
    flag("--allow-host", action="append", default=[], metavar="HOST", help="another host to go to; repeatable"),
    flag(
        "--blocked-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host that only asks for proof of a person: stop there; repeatable",
    ),
)
PAGES = (
    flag("--max-page-mb", type=float, default=10.0, metavar="MB", help="of one page, unpacked (default: 10)"),
    flag("--fresh", action="store_true", help="ask again for what is there; unchanged pages cost nothing"),
)
GROUPS = {"crawl": "fetch raw material politely: entries, a site, a dump"}
COMMANDS = (
    Command(
        "crawl baike",
        "the encyclopedia entry of every word of a list",
        run_baike,
        (
            flag("--words", type=path, required=True, metavar="FILE", help="word list: .scel, or text, a word a line"),
            OUT,
            flag("--base", default="https://baike.baidu.com/item", metavar="URL", help="where entries are: URL/WORD"),
            *POLITE,
            *PAGES,
        ),
    ),
    Command(
        "crawl site",
        "books of a site that allows it, chapter by chapter",
        run_site,
        (
            flag("--start", action="append", required=True, metavar="URL", help="first page of a book; repeatable"),
            OUT,
            flag("--follow", default="", metavar="CSS", help="links to follow (default: chapters and next pages)"),
            flag("--text", default="", metavar="CSS", help="where the text stands (default: the largest piece)"),
            flag("--title", default="", metavar="CSS", help="where the title stands"),
            flag("--max-pages", type=int, default=20_000, metavar="N", help="of one book (default: 20000)"),
            *POLITE,
            *PAGES,
        ),
    ),
    Command(
        "crawl dump",
        "one large file, resumed and checked",
        run_dump,
        (
            flag("url", metavar="URL", help="the file"),
            OUT,
            flag("--sha256", default="", metavar="HEX", help="the digest that it must have"),
            flag("--sha1", default="", metavar="HEX", help="likewise"),
            flag("--md5", default="", metavar="HEX", help="likewise"),
            flag("--checksums", default="", metavar="URL", help="a list of checksums, as sha1sum writes them"),
            flag("--max-gb", type=float, default=1000.0, metavar="GB", help="give up beyond that (default: 1000)"),
            *POLITE,
        ),
    ),
)
