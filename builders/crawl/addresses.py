"""Where a crawl may be led: the URLs it follows, and the addresses behind their names.

A name is resolved here, and the connection goes to the address that was judged, so that a second answer of the name
server (DNS rebinding) has no say. `2130706433`, `0177.1` and `::ffff:127.0.0.1` all come out of it as what they are.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from httpx2 import URL

MAX_URL_CHARS = 8000
PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._:-]+")  # a name, or an address of either kind
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedError(Exception):
    """A URL that siku does not fetch, or an answer that it does not take: `rule`, then what was met."""

    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule


class Place(NamedTuple):
    """Who answers: host in lower case (ASCII), and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_url(url: str) -> URL:
    """An absolute http or https URL in one spelling, without fragment. Raises RefusedError."""
    from httpx2 import URL, InvalidURL

    if len(url) > MAX_URL_CHARS:
        raise RefusedError("URL too long", f"{len(url):,} characters")
    try:
        parsed = URL(url.strip()).copy_with(fragment=None)
        place_of(parsed)
    except (InvalidURL, ValueError, TypeError, UnicodeError) as error:
        raise RefusedError("not a URL", f"{url[:80]} ({error})") from error
    if parsed.scheme not in PORTS:
        raise RefusedError("not http or https", url[:80])
    if not 0 < (PORTS[parsed.scheme] if parsed.port is None else parsed.port) < 65_536:
        raise RefusedError("not a port", str(parsed.port))
    if not parsed.host or parsed.userinfo:
        raise RefusedError("URL with a password" if parsed.host else "URL without a host", parsed.host)
    if not _HOST.fullmatch(place_of(parsed).host):
        raise RefusedError("not a host", parsed.host[:80])
    return parsed


def join_url(base: str, link: str) -> str | None:
    """Where a link on a page leads, or None if it leads to no page (`javascript:`, `mailto:`, nonsense)."""
    from httpx2 import InvalidURL

    try:
        return str(parse_url(str(parse_url(base).join(link.strip()))))
    except (RefusedError, InvalidURL, ValueError, TypeError, UnicodeError):
        return None


def place_of(url: URL) -> Place:
    return Place(url.raw_host.decode("ascii").lower().rstrip("."), url.port or PORTS.get(url.scheme, 0))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet; of one that wraps another, whether that does."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64 or int(ip) >> 32 == 0:  # ::a.b.c.d
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local or ip.teredo:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


@dataclass(frozen=True)
class Borders:
    """What the user's own words open: the sites of the start URLs, further hosts, and private places among them."""

    places: frozenset[Place]
    allowed_hosts: frozenset[str] = frozenset()
    private: dict[Place, frozenset[str]] = field(default_factory=dict)  # with the addresses that they have

    @classmethod
    def around(cls, urls: Iterable[str], allowed_hosts: Iterable[str] = ()) -> Borders:
        """Raises RefusedError if a start URL is none."""
        places = frozenset(place_of(parse_url(url)) for url in urls)
        private = {}
        for place in places:
            try:
                addresses = frozenset(_resolve(place))
            except OSError:  # told when it is asked for a page
                continue
            if not all(map(is_public, addresses)):
                private[place] = addresses
        return cls(places, frozenset(host.lower().rstrip(".") for host in allowed_hosts), private)

    def check(self, url: URL) -> None:
        """Raises RefusedError for a URL on another site, or on a port where no start URL is."""
        place = place_of(url)
        if place in self.places:
            return
        if not self._is_inside(place.host):
            raise RefusedError("leads to another site", place.host)
        if place.port not in PORTS.values():
            raise RefusedError("leads to an unusual port", str(place))

    def _is_inside(self, host: str) -> bool:
        if host in self.allowed_hosts:
            return True
        sites = {start.host.removeprefix("www.") for start in self.places if start not in self.private}
        return any(host == site or host.endswith(f".{site}") for site in sites)

    def addresses(self, place: Place) -> list[str]:
        """The addresses to connect to. Raises RefusedError if one is private, OSError if the name is unknown."""
        found = _resolve(place)
        pinned = self.private.get(place, frozenset())
        if wrong := [address for address in found if address not in pinned and not is_public(address)]:
            raise RefusedError("private address", f"{place.host} is {wrong[0]}")
        return found


def _resolve(place: Place) -> list[str]:
    try:
        answers = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # labels that no name server could hold
        raise OSError(str(error)) from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
