"""How a site says that it does not want a program to read it: pages that ask whether one is human."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

VERIFICATION_HOSTS = ("wappass.baidu.com", "seccaptcha.baidu.com")
VERIFICATION_TITLES = (
    *("百度安全验证", "安全验证", "访问验证", "人机验证", "滑动验证", "验证码"),
    *("Just a moment...", "Attention Required! | Cloudflare", "Access denied"),
)
_HEAD_BYTES = 1 << 16
_TITLE = re.compile(rb"<title\b[^>]{0,200}>([^<]{0,300})</title", re.IGNORECASE)


class HostStoppedError(Exception):
    """A host that is asked nothing more in this run: why, and what a person can do."""

    def __init__(self, host: str, why: str, next: str) -> None:
        super().__init__(f"{host}: {why}")
        self.host, self.why, self.next = host, why, next


@dataclass(frozen=True, slots=True)
class BlockedRules:
    """Hosts and page titles of verification pages. A title counts when it is the whole title."""

    hosts: frozenset[str]
    titles: frozenset[bytes]

    @classmethod
    def with_more(cls, hosts: Iterable[str] = ()) -> BlockedRules:
        titles = (title.encode(encoding) for title in VERIFICATION_TITLES for encoding in ("utf-8", "gb18030"))
        return cls(frozenset([*VERIFICATION_HOSTS, *(host.lower() for host in hosts)]), frozenset(titles))

    def is_blocked_host(self, host: str) -> bool:
        return host.lower().rstrip(".") in self.hosts

    def asks_for_proof(self, body: bytes) -> bool:
        title = _TITLE.search(body[:_HEAD_BYTES])
        return title is not None and title[1].strip() in self.titles


def verification_wanted(host: str) -> HostStoppedError:
    return HostStoppedError(
        host,
        "it asks for proof that a person is reading (a verification page)",
        f"leave {host} alone for some hours, then give the same command with a longer --delay: it goes on where it "
        "stopped; or save the pages in a browser and build from the folder",
    )
