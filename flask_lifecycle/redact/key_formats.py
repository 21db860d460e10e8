"""Formats of API keys and tokens.

Prefixes, alphabets and lengths are those of gitleaks' rules (github.com/gitleaks/gitleaks,
config/gitleaks.toml), which name their sources. Here a length is a minimum, and case is ignored: a
key that is a little longer than it was is still a key.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from functools import cache

_ALPHABETS = {"hex": "[0-9a-f]", "alnum": "[0-9a-z]", "word": r"[\w-]", "base64": r"[\w+/=.-]"}
#: All keys except the broken ones have this many letters, digits, "_" and "-" in a row.
UNBROKEN = 18

# The prefix of a key, its alphabet, and the length of the rest.
_PREFIXED = """
ops_eyJ base64 100      p8e- alnum 32           LTAI alnum 20           AKCp alnum 60
cmVmd alnum 59          ABSK base64 100         4b1d alnum 38           CLOJARS_ alnum 60
dapi hex 32             doo_v1_ hex 40          dop_v1_ hex 40          dor_v1_ hex 40
dp.pt. alnum 40         dp.st. base64 40        dp.ct. alnum 40         dp.sa. alnum 40
duffel_test_ base64 40  duffel_live_ base64 40  EZAK alnum 54           EZTK alnum 54
EAAM alnum 90           EAAC alnum 90           EAAA word 22            sq0atp- word 22
sq0csp- word 22         FLWSECK_TEST- alnum 12  FLWPUBK_TEST- alnum 32  FLWSECK- alnum 12
fo1_ word 43            fm1a_ base64 90         fm1r_ base64 90         fm2_ base64 90
fio-u- base64 60        ghp_ alnum 20           gho_ alnum 20           ghu_ alnum 20
ghs_ alnum 20           ghr_ alnum 20           github_pat_ word 20     glcbt- word 20
gldt- word 20           glffct- word 20         glft- word 20           glimt- word 20
glagent- word 20        gloas- word 20          glpat- base64 16        glptt- word 20
GR1348941 word 20       glrt- base64 20         glsoat- word 20         glc_ base64 32
glsa_ word 32           HRKU-AA word 50         hf_ alnum 30            api_org_ alnum 30
ico- alnum 32           s-s4t2ud- hex 60        s-s4t2af- hex 60        lin_api_ alnum 40
lin_oauth_ alnum 40     dnkey- base64 60        NRJS- alnum 19          NRII- word 32
NRAK- alnum 27          ntn_ alnum 40           secret_ alnum 43        npm_ alnum 30
API- alnum 26           sha256~ word 43         pplx- alnum 40          pscale_tkn_ base64 32
pscale_oauth_ base64 32 pscale_pw_ base64 32    pnu_ alnum 36           pul- hex 40
pypi-AgE word 16        rdme_ alnum 60          rubygems_ hex 40        tk-us- word 40
xkeysib- word 64        sntryu_ hex 40          sntrys_ base64 40       sm_aat_ alnum 16
sm_pat_ alnum 16        sm_sat_ alnum 16        shippo_live_ hex 40     shippo_test_ hex 40
shpat_ hex 32           shpca_ hex 32           shppa_ hex 32           shpss_ hex 32
shptka_ hex 32          SK hex 32               bedrock-api-key- base64 16
whsec_ base64 16        GOCSPX- word 20         ya29. base64 20         dckr_pat_ word 20
dckr_oat_ word 20       gsk_ alnum 40           xai- alnum 40           sl. base64 100
tfp_ base64 40          AQVN word 35            hvb. word 90            hvs. word 20
hvr. word 20            squ_ hex 40             sqp_ hex 40             sqa_ hex 40
sgp_ word 40            ATATT3 base64 60        ATCTT3 base64 60        ATBB alnum 24
dt0c01. base64 60       dt0s16. base64 60
live_pub_ hex 31        test_pub_ hex 31        PMAK- word 50           AGE-SECRET-KEY-1 alnum 50
tvly- word 24
r8_ alnum 37            nvapi- word 60          sbp_ hex 40             phc_ alnum 40
phx_ alnum 40           fw_ alnum 24            ddp_ alnum 36           cfut_ word 40
"""

# The irregular formats. First a lower-case substring that a text must contain, and the minimum
# length of the key after it.
_IRREGULAR = r"""
a3- 8 A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}
ey 17 \bey[a-z0-9]{17,}\.ey[\w/\\-]{17,}\.[\w/\\=-]*
eyj 8 \beyJ[\w-]{8,}(?:[.+/=][\w-]*){0,9}
.ej 28 \.eJ[\w-]{8,}\.[\w-]{6}\.[\w-]{20,}
zxlk 8 \bZXlK[\w/+\\\r\n-]{20,}={0,2}
pat 54 \bpat[a-z0-9]{14}\.[a-f0-9]{40,}
pat. 60 [ps]at\.[\w-]{22}\.[a-z0-9]{24}\.[a-z0-9]{20}
sat. 60 sat\.[\w-]{22}\.[a-z0-9]{24}\.[a-z0-9]{20}
.acc 10 (?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][\w-]{9,}\.[\w+/=-]{30,}
a3t 17 \bA3T[A-Z0-9][A-Z0-9]{16}\b
akia 16 \bAKIA[0-9A-Z]{16}\b
asia 16 \bASIA[0-9A-Z]{16}\b
abia 16 \bABIA[0-9A-Z]{16}\b
acca 16 \bACCA[0-9A-Z]{16}\b
aiza 35 \bAIza[\w-]{35,}
q~ 31 [\w~.]{3}\dQ~[\w~.-]{31,}
v1.0- 100 \bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,}
| 27 \b\d{15,16}\|[\w-]{27,}
% 27 \b\d{15,16}%[\w-]{27,}
atlasv1 60 [a-z0-9]{14}\.atlasv1\.[\w=-]{60,}
_mmk 0 \b[a-z0-9]{6}_[a-z0-9]{29}_mmk\b
_live_ 10 \b[a-z]{2}_live_\w{10,}
_test_ 10 \b[rsp]k_test_\w{10,}
_prod_ 10 \b[rsp]k_prod_\w{10,}
live_ 35 \blive_[a-z0-9=-]{35,}
test_ 35 \btest_[a-f0-9]{35}
xox 9 xox[a-z]-[\w.-]{7,}
xapp 8 xapp-\d-[\w-]{5,}
sk-ant 20 \bsk-ant-[\w-]{20,}
sk- 20 \bsk-(?=[\w-]*\d)[\w-]{20,}
t3blbkfj 0 \bsk-[\w-]{20,}
sg. 33 \bSG\.[\w.=-]{33,}
s. 24 (?<![\w.])s\.[a-z0-9]{24}\b
t1. 87 \bt1\.[\w-]+={0,2}\.[\w-]{86}={0,2}
yc 38 \bYC(?-i:(?=[\w-]{0,37}\d)(?=[\w-]{0,37}[A-Z]))[\w-]{38}\b
pk. 80 \bpk\.[\w-]{60,}\.[\w-]{22,}
-us 1 \b[a-f0-9]{32}-us\d\d?\b
access- 40 \baccess-(?:sandbox|development|production)-[0-9a-f-]{36}
slack.com/s 9 (?<=slack\.com/services/)[\w/+-]+
slack.com/w 10 (?<=slack\.com/workflows/)[\w/+-]+
slack.com/t 9 (?<=slack\.com/triggers/)[\w/+-]+
/webhooks/ 20 (?<=/webhooks/)\d+/[\w-]{20,}
webhookb2 36 (?<=/webhookb2/)[\w@/-]{36,}
:aa 33 \b\d{5,16}:A[\w-]{34,}
:a 34 \b\d{5,16}:A[\w-]{34}\b
"""

# Broken formats: they may contain other characters, and no run need be long: also all in base64.
_BROKEN = frozenset(["eyj", "zxlk", ".acc", "q~", "atlasv1", "live_", "xox", "xapp", "sg."])
_BROKEN |= frozenset(["slack.com/s", "slack.com/w", "slack.com/t", "webhookb2"])

# Formats without a prefix, after the service's name: `heroku_id = "…"`.
_OF_SERVICES = r"""
adafruit [\w-]{32}
adobe [a-f0-9]{32}
airtable [a-z0-9]{17}
algolia [a-z0-9]{32}
alibaba [a-z0-9]{30}
asana [0-9]{16}|[a-z0-9]{32}
atlassian|confluence|jira [a-z0-9]{20}[a-f0-9]{4}
beamer b_[\w=-]{44}
bitbucket [a-z0-9]{32}|[\w=-]{64}
bittrex [a-z0-9]{32}
meraki [0-9a-f]{40}
cloudflare [\w-]{40}|[a-f0-9]{37}
codecov [a-z0-9]{32}
cohere|co_api_key [a-z0-9]{40}
coinbase [\w-]{64}
confluent [a-z0-9]{16}|[a-z0-9]{64}
contentful [\w=-]{43}
datadog [a-z0-9]{40}
discord [a-f0-9]{64}|[0-9]{18}|[\w=-]{32}
droneci [a-z0-9]{32}
dropbox [a-z0-9]{15}|[a-z0-9]{11}A{10}[\w=-]{43}|sl\.[\w=-]{135}
etsy [a-z0-9]{24}
facebook [a-f0-9]{32}
fastly [\w=-]{32}
finicity [a-f0-9]{32}|[a-z0-9]{20}
finnhub [a-z0-9]{20}
flickr [a-z0-9]{32}
freshbooks [a-z0-9]{64}
gitter [\w-]{40}
gocardless live_[\w=-]{40}
heroku [0-9a-f-]{36}
hubspot [0-9a-f-]{36}
intercom [\w=-]{60}
jfrog|artifactory|bintray|xray [a-z0-9]{73}|[a-z0-9]{64}
kraken [\w/=+-]{80,90}
kucoin [a-f0-9]{24}|[0-9a-f-]{36}
launchdarkly [\w=-]{40}
linear [a-f0-9]{32}
linkedin|linked_in|linked-in [a-z0-9]{14}|[a-z0-9]{16}
lob (?:live|test)_(?:pub_[a-f0-9]{31}|[a-f0-9]{35})
looker [a-z0-9]{20}|[a-z0-9]{24}
mailchimp [a-f0-9]{32}-us\d\d
mailgun (?:pub)?key-[a-f0-9]{32}|[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}
mattermost [a-z0-9]{26}
messagebird|message_bird|message-bird [a-z0-9]{25}|[0-9a-f-]{36}
netlify [\w=-]{40,46}
newrelic|new_relic|new-relic [a-z0-9]{64}|NR[A-Z]{2}-[a-z0-9-]{19,32}
nytimes|new-york-times|newyorktimes [\w=-]{32}
okta 00[\w=-]{40}
plaid [a-z0-9]{24}|[a-z0-9]{30}
privateai|private_ai|private-ai [a-z0-9]{32}
rapidapi [\w-]{50}
sendbird [0-9a-f-]{36}|[a-f0-9]{40}
sentry [a-f0-9]{64}
contribsys__com [a-f0-9]{8}:[a-f0-9]{8}
snyk [0-9a-f-]{36}
sonar [\w=-]{40,44}
sourcegraph [a-f0-9]{40}
squarespace [0-9a-f-]{36}
sumo su[a-z0-9]{12}|[a-z0-9]{64}
telegr [0-9]{5,16}:A[\w-]{34}
travis [a-z0-9]{22}
twitch [a-z0-9]{30}
twitter [a-z0-9]{25}|[a-z0-9]{45}|[a-z0-9]{50}|[0-9]{15,25}-[a-z0-9]{20,40}|A{22}[a-z0-9%]{80,100}
typeform tfp_[\w.=-]{59}
yandex AQVN[\w-]{35,38}|YC[\w-]{38}|t1\.[\w-]+={0,2}\.[\w-]{86}={0,2}
zendesk [a-z0-9]{40}
access|api|key (?-i:(?=[\w+/=]*[a-z])(?=[\w+/=]*[A-Z]))(?=(?:[\w+/=]*?\d){3})[\w+/=]{12,}
"""
_GIVEN = r"""[ \t\w.-]{0,24}[\s'"]{0,3}(?::{1,3}=|=>|\?=|\|\||[=>:,])[`'"\s=]{0,5}"""


class KeyFormat(t.NamedTuple):
    """The format of a key."""

    #: A lower-case substring that a text must contain, and the length of the key after it.
    hint: str
    follows: int
    #: Whether it may have no run of `UNBROKEN` letters, digits, "_" and "-".
    broken: bool
    #: What :func:`compiled` takes.
    pattern: str


def key_formats() -> Iterator[KeyFormat]:
    """Yield the formats."""
    entries = _PREFIXED.split()
    for prefix, alphabet, least in zip(entries[::3], entries[1::3], entries[2::3], strict=True):
        body = f"{_ALPHABETS[alphabet]}{{{least},}}"
        # A prefix that is unique may also be at the end of a word.
        begin = "" if len(prefix) > 4 or prefix == "SK" else "(?<![a-z0-9])"
        key = f"{begin}{re.escape(prefix)}{body}"
        yield KeyFormat(prefix.lower(), int(least), alphabet == "base64", key)
    for line in _IRREGULAR.strip().splitlines():
        hint, follows, pattern = line.split(" ", 2)
        yield KeyFormat(hint, int(follows), hint in _BROKEN, pattern)


def service_keys() -> dict[str, str]:
    """Return patterns for services' keys, which are the last group, by the services' names."""
    lines = [line.rpartition(" ")[::2] for line in _OF_SERVICES.strip().splitlines()]
    return {
        name: rf"({name}{_GIVEN}(?=(?:{key})(?![\w=-])))([^\s'\"`;\\]+)"
        for names, key in lines
        for name in names.split("|")
    }


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the pattern of a format, compiled.

    Few are ever used, and to compile all takes a fifth of the import of this package.
    """
    return re.compile(pattern, re.IGNORECASE)


__all__ = ["UNBROKEN", "KeyFormat", "compiled", "key_formats", "service_keys"]
