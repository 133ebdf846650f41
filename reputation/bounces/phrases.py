"""The words in which mail systems refuse for now, or refuse the sender or the content, by reason.

Decides only which words mean what. Between reasons `reasons` has the order. Sources: the documentation of the systems
and what they really send.
"""

from __future__ import annotations

from reputation.bounces.fragments import pattern

_FRAGMENTS = {
    "mailboxfull": r"""
        mailbox(?: for user)? (?:.{0,60} )?(?:is |was )?(?:almost )?full | mailbox .{0,60}over ?quota
        mail ?box size limit | over ?(?:disk )?quota | quota .{0,30}exceed | exceed.{0,40} quota
        quota (?:full|violation|error) | out of quota | (?:disk|storage|space|mailbox|account) quota | full mailbox
        inbox (?:is )?full | account (?:is )?full | user is full | not enough (?:disk|storage) space
        insufficient (?:disk|mailbox|storage) space | no space left | storage .{0,20}exceeded | mailfolder is full
        mailbox has exceeded | mailbox exceed | exceeded? .{0,30}(?:storage|mailbox size|allotment)
        no room in mailbox | maildir .{0,40}full | too much mail data | mailbox_full | mailboxfull
        maximum .{0,20}mailbox size | mapiexceptionshutoffquotaexceeded | exceeded the space limit | mail box full
        user has too many messages | postfach .{0,30}voll | boîte .{0,30}pleine | buz[oó]n .{0,30}lleno
        casella .{0,20}piena | caixa .{0,20}cheia | переполнен | ящик .{0,20}полон | 容量.{0,10}(?:超|不足|一杯)
        いっぱい | 邮箱已满 | 信箱已滿 | 空间不足 | 메일함.{0,10}초과 | email account .{0,40} over quota
        has reached .{0,30}(?:quota|storage limit) | quota allocated
    """,
    "exceedlimit": r"""
        message (?:size |file |.{0,20})?(?:is )?too (?:big|large) | size (?:limit )?exceeds | exceeds .{0,60}size
        exceeded .{0,20}(?:maximum|max) .{0,20}size | message size .{0,30}(?:limit|maximum)
        max(?:imum)? message size | too large for this recipient | recipsizelimit | line too long
        line length exceed | message length exceed | message header size | larger than .{0,40}(?:limit|allow|permit)
        attachment too large | message too long | nachricht .{0,20}zu gro(?:ß|ss)
        message .{0,20}trop (?:gros|volumineux) | サイズ.{0,10}(?:制限|超)
    """,
    "filtered": r"""
        recipient preferences | user reject | extended inactivity
        refuses to receive | rcp-p[2-9] | rcp-t | email preferences of | message filtered
        because .{0,20}recipient .{0,40}preferences | refused by recipient | domain filter
        rejected by (?:the )?recipient.s (?:prefer|filter|rule|own)
    """,
    "suspend": r"""
        (?:account|mailbox|user|address|inbox)(?: .{0,60})? (?:is |was |has been |temporarily |currently |\
            administratively )+(?:disabled|suspended|inactive|locked|deactivated|frozen|restricted|blocked)
        account (?:disabled|suspended|inactive|deactivated|not active|expired|closed)
        (?:disabled|inactive|suspended|dormant) (?:account|user|mailbox|address)
        mailbox (?:disabled|inactive|suspended|temporarily unavailable|currently unavailable|\
            unavailable or access denied|not accessible)
        mailbox is frozen | not currently accepting | user suspended | recipient suspend | disableduser
        vhost .{0,20}disabled | not (?:been )?activ(?:e|ated) (?:yet|account) | user has been disabled
        konto .{0,20}(?:gesperrt|deaktiviert) | compte .{0,20}(?:désactivé|suspendu)
        unavailable: (?:user|account) is | deactivated due to | mailbox disat\w* | (?:e' |è )?bloccato per inutilizzo
    recipient has .{0,20}(?:disabled|suspended) | 停用 | 被禁用
        domain (?:is |has been )?(?:suspended|temporarily suspended|inactive)
        account .{0,20}temporarily (?:disabled|unavailable|locked)
    """,
    "hasmoved": r"""
        no longer (?:on|at|in|valid|exists?|active|in use|available|employed|works?|monitored|receives|\
            accepts) .{0,1}
        has (?:been )?(?:moved|changed|replaced) .{0,20}(?:address|to|by) | recipient (?:has )?moved
        user has moved | address changed | address .{0,60}has been replaced
        mailbox owner has changed | domain owner has changed
    has left the (?:company|organi[sz]ation) | 551 .{0,30}user not local | please try <
    """,
    "norelaying": r"""
        rela(?:y|ying) (?:is |was |access )?(?:not |denied|prohibited|access|operation reject|restricted|\
            disallowed|refused|from)
        relay (?:denied|access denied|not permitted|rejected) | unable to relay
        not (?:permitted|allowed|configured|authori[sz]ed|able) to (?:be )?relay | no relay | don.?t relay
        cannot relay | (?:mail|we do not) relay | is not (?:a |an )?(?:permitted |local |accepted )(?:domain|relay)
        not (?:in|one of) (?:my|our) (?:rcpthosts|domains|list of allowed) | rcpthosts
        email address is not verified | that domain isn.t in my list | open relay | not allow.{0,20}relay
        insecure mail relay | we do not relay | doesn.t handle mail for | not a gateway | not handle mail for
        mail server requires authentication when attempting to send to a non-local
    """,
    "authfailure": r"""
        dmarc | dkim (?:fail|signature|verif|check|.{0,20}(?:fail|invalid|did not pass|unaligned))
        spf (?:record|fail|check|validat|sender|hard|soft|policy|.{0,30}(?:fail|invalid|did not pass))
        sender policy framework | not (?:pass|meet) .{0,40}(?:authentication|spf|dkim) | unauthenticated email
        unauthenticated mail is | fail.{0,20} spf | openspf | spf\.pobox | does not designate
        sender .{0,20}not authori[sz]ed .{0,40}(?:spf|ip|host) | unauthenticatedsender
        (?:spf|dkim) .{0,20}(?:reject|unauthori[sz]ed) | arc (?:validation|seal)
        rejected by.{0,20} domain.s policy | 5\.7\.(?:26|509|515)
    """,
    "requireptr": r"""
        \bptr\b | \brdns\b | reverse[ -]?dns | reverse (?:mapping|lookup|address|host|name)
        cannot (?:find|resolve) your (?:hostname|reverse|ip) | cannot find your hostname
        unable to verify .{0,20}hostname | unverifyable sending ips? | forward.{0,20}confirmed
        does not resolve .{0,20}(?:hostname|name) | no .{0,20}reverse | missing reverse | dynamic/zombied
        ip name lookup failed | generic hostname | client host rejected: cannot find | domain name mismatch
        host.?name (?:of|for) .{0,40}(?:not resolve|match)
    """,
    "badreputation": r"""
        reputation | unexpected volume or user complaints | low.{0,10}reputation | senderscore | sender score
        part of their network is on our block list | has been temporarily rate limited due to ip
        unusual rate of unsolicited
    """,
    "virusdetected": r"""
        \bvirus(?:es)?\b | infected | malware | trojan | phish | \bworm\b | malicious | clamav
        dangerous (?:content|attachment)
    """,
    "spamdetected": r"""
        \bspam\b | spam(?:my|assassin| score|-like| filter) | considered .{0,20}(?:spam|unsolicited|junk)
        unsolicited | \bube\b | \bubl\b | \buce\b | junk mail | identified as .{0,20}(?:spam|junk) | looks like spam
        bulk (?:e?mail|filter) | as spam | mail rejet[eé] | content .{0,20}(?:reject|filter|denied|unacceptable)
        message (?:content|filtered) | rejected .{0,20}(?:content|filter) | cloudmark | high probability of spam
        probable spam | ofr_?50[6-9] | ofr_999 | appears to be unsolicited | classified as
        blocked by .{0,20}filter | reject bulk | message contains .{0,30}(?:spam|banned) | url .{0,30}black
    """,
    "policyviolation": r"""
        policy (?:reasons?|violation|restriction|rejection|reject)
        by (?:a |the |our |local |security |site |mail )*polic(?:y|ies) | for polic(?:y|ies)
        violat\w+ .{0,40}polic(?:y|ies) | against .{0,30}polic(?:y|ies) | due to .{0,30}polic(?:y|ies)
        polic(?:y|ies) .{0,30}(?:prohibit|violat|reject|denied|disallow)
        banned (?:content|file|attachment|extension|by) | prohibited (?:content|attachment|file)
        attachment .{0,40}(?:not allowed|blocked|prohibited|not accepted) | forbidden (?:content|attachment|file)
        executable (?:content|file|attachment)s? | not (?:allowed|accept\w*) .{0,30}attachment
        message (?:not |was )?(?:allowed|accepted) .{0,20}policy | email not accepted for | rejected for policy
        dlp | compliance (?:rule|policy) | transport\.rules | administrative prohibition
        administratively prohibited
    """,
    "speeding": r"""
        rate (?:limit|exceed|that prevents|control) | rate.{0,20}limited | receiving mail (?:at a rate|too quickly)
        too (?:fast|quickly) | too many (?:messages|mails|emails|e-mails|sessions|unknown|invalid|errors) | throttl
        slow down | sending .{0,20}limit
        exceeded .{0,40}(?:daily|hourly|sending|message|rate|relay) (?:limit|quota)
        daily (?:relay |sending |message )?(?:limit|quota) | receivingrate | try again in .{0,20}(?:minutes|seconds)
        greylist | graylist | grey-list
    """,
    "toomanyconn": r"""
        too many (?:simultaneous |concurrent |open |smtp )*(?:connections?|recipients|hops .{0,4}connections|\
            session)
        connection (?:rate|count|limit) | exceed.{0,20}connections? | simultaneous connections
        maximum (?:number of )?(?:connections|recipients) | concurrent connections | number of recipients
        connection.{0,10}frequency
    """,
    "blocked": r"""
        \brbl\b | \bdnsbl\b | spamhaus | spamcop | sorbs | barracudacentral | black ?-?list\w* | block ?-?list\w*
        denylist | (?<!not )(?<!n't )listed (?:in|at|on|by) | is listed | blocked using
        client host .{0,40}(?:reject|block|refus)
        \b(?:ip|ip address|host|server|connection|sender ip|network)s? .{0,60}(?:is |was |has been |have been |\
            been )?(?:blocked|banned|refused|denied|rejected by|prohibited)\b
        blocked (?:by|due|because|for|your|from|-) | banned (?:ip|host|send) | access denied\.\.\.
        access from (?:your )?(?:ip|host|your) | connection (?:refused by|rejected|dropped|denied) | refused to talk
        service refuse | you are not allowed to connect
        not accept\w* (?:mail|connections?|messages?) from .{0,60}(?:ip|host|server|network|dynamic|your|dial)
        dynamic (?:ip|dns|address|host) | dial-?up | (?:helo|ehlo) .{0,60}(?:reject|invalid|denied|refused|must)
        (?:bad|invalid|forged|rejected).{0,10} (?:helo|ehlo) | use the smtp server of your isp | use your isp
        bogus helo | reject(?:ed)? .{0,20}(?:ip|host|network|dns(?:rbl|bl))
        mail from .{0,80}(?:ip|host|server|your).{0,40}(?:refused|rejected|blocked|denied) | poor .{0,20}reputation
        firewall | your (?:ip|host|server|mail server|network|domain) .{0,60}(?:reject|block|refus|denied|banned)
        unauthori[sz]ed (?:ip|host|connection) | no access from mail server | not permitted to (?:connect|send)
    """,
    "rejected": r"""
        sender(?:.s)?(?: e-?mail)?(?: address)?(?: domain)? (?:.{0,60} )?(?:was |is |has been |\
            been )?(?:rejected|denied|refused|not allowed|invalid|unknown|blocked|verify failed|does not exist|\
            not exist|unroutable)
        (?:invalid|unknown|bad|unroutable|unresolvable|unverified|forged|fake|null|empty|blocked|\
            illegal) (?:envelope )?(?:sender|return path|from address|domain in from)
        rejected (?:the )?sender | domain of sender
        (?:deny|denied|reject|refuse|rejected|refused) .{0,20}(?:from|sender) | verify .{0,20}sender
        sender (?:verify|verification|callout|check)
        mail from .{0,60}(?:reject|denied|refus|not allowed|invalid|not exist|unknown) | unroutable sender
        not .{0,20}accept.{0,30}from (?:this|that|your|the) (?:sender|domain|address)
        domain .{0,60}(?:of|in) .{0,20}(?:sender|from|return).{0,40}(?:not exist|not resolve|invalid|not found)
        all recipient addresses rejected | not a registered gateway user
        rejected by (?:the )?recipient(?!.s|s| domain| server| mail| host| system) | members? only
        not (?:a )?(?:member(?! of (?:the )?domain)|subscrib\w+) | moderat
        only (?:members|subscribers|senders|people|users)
        (?:not|n.t) .{0,30}(?:permission|allowed|permitted|authori[sz]ed) to (?:post|send|mail|email|contact|write)
        may not (?:have permission|exist, or you may not) | groups\.google\.com | backscatter | null sender
        from: header | your e?mail address .{0,40}(?:reject|block|refus) | fully.?qualified
        (?:group|list) .{0,60}(?:may not exist|restricted|permission)
    """,
    "securityerror": r"""
        (?:smtp )?auth(?:entication)? (?:is )?(?:required|failed|failure|fail|turned|error|credentials|denied|\
            needed)
        authentifi | requires? (?:smtp )?authentication | must (?:be )?authenticat | authrequired
        unauthenticated senders? | not authenticated | starttls | tls .{0,30}(?:required|fail|negotiat|handshake)
        encryption .{0,20}(?:required|needed) | ssl .{0,20}(?:fail|error|certificate) | certificate
        delivery to this address is restricted | not authori[sz]ed | verification (?:of|fail) | access denied
        permission denied | restricted .{0,20}(?:address|recipient) | security (?:check|failure|violation|reasons)
        password
    """,
    "notcompliantrfc": r"""
        rfc ?-?\d{3,4} | not .{0,10}(?:rfc|compliant|compliance) | multiple .{0,20}addresses in from
        duplicate header | missing .{0,20}header | bare (?:lf|cr|newline|line)
        (?:invalid|bad|missing|malformed|multiple|no) .{0,20}header | 5322
        headers? .{0,20}(?:missing|invalid|not allowed|malformed)
    """,
    "expired": r"""
        (?:time|message|queue|delivery|envelope|retry timeout|retry time)[a-z ]{0,20}(?:expired|timed? ?out|\
            exceeded|limit exceeded)
        queue\.expired | timed? ?-?out | retr(?:y|ies) (?:limit|timeout|count) .{0,10}exceeded
        in the queue too long | could not be delivered for | has not yet been delivered
        not been (?:able|delivered) .{0,40}(?:after|for|within|since)
        delivery attempts? .{0,20}(?:will continue|exceeded|failed)
        unable to deliver .{0,40}(?:after|within|for|in) .{0,20}(?:days|hours|minutes|retries) | was aborted after
        failed \d+ attempts | after multiple retries | too old | gave up | giving up after | have been failing for
        delivery (?:was |is |has been )?(?:temporarily |been )?(?:delay|expire|abort|suspend)
        multiple (?:retries|attempts|delivery) | still being retried | undelivered for
        could not send .{0,20}for the past | has been delayed
        attempts? to deliver .{0,60}(?:over|for) the (?:past|last) | temporary problem delivering
        will (?:keep|continue) (?:on )?(?:try|retry) | retry for | temporary delivery failure
        days? .{0,20}(?:old|in queue) | 期限 | 時間.{0,10}経過 | zustellung .{0,20}verz[öo]gert | délai
    """,
    "systemfull": r"""
        mail system full | requested mail action aborted: exceeded storage
        insufficient system (?:storage|resources) | (?:disk|system|server|filesystem|storage) .{0,20}(?:is )?full
        disk space | out of (?:disk|storage|memory) | not enough (?:storage|memory|resources)
    """,
    "networkerror": r"""
        (?:connection|session|conversation) .{0,60}(?:timed? ?out|lost|refused|reset|closed|dropped|failed|\
            abort|broken)
        (?:refused|lost|closed) .{0,10}connection | no route | unreachable | not reachable | routing loop
        mail (?:is )?loop | (?:mail|forward\w*|routing|message) loop | loop(?:s|ing)? (?:back|detected|found|to)
        too many hops | hop count | maximum .{0,20}hops | forwarded more than | mail forwarding loop
        network (?:error|problem|is|unreach) | dns (?:error|lookup|fail|server|problem|resolution) | name ?server
        name service error | (?:host|name|mx|domain) .{0,30}lookup .{0,20}(?:fail|error|problem|timed)
        unable to (?:connect|contact|establish|resolve)
        could not (?:connect|contact|establish|resolve|be contacted) | couldn.t (?:connect|contact|establish)
        cannot (?:connect|contact|resolve) | wasn.t able to establish | failed to connect
        error (?:encountered )?while (?:talking|communicating|connecting) | no answer
        not accept our requests to connect | temporar(?:y|ily) .{0,20}(?:lookup|dns|name|resolution)
        malformed .{0,20}(?:dns|name server) | network error
        host .{0,30}(?:not respond|down|unavailable|no response) | econn(?:reset|refused) | winsock
    """,
    "systemerror": r"""
        (?:system|server|service|internal|local|configuration|software) (?:.{0,20} )?(?:error|problem|failure|\
            misconfigur\w+|config error|unavailable|trouble)
        can.t create | could not load | temporarily (?:unavailable|rejected|deferred|unable)
        temporary (?:failure|error|problem|local) | misconfigur | out of memory | resource.{0,30}unavailable
        aborted | ldap | lookup failure | i/o error | interrupted | (?:try|retry) (?:again )?later | timeout waiting
        timed out waiting | overload | too busy | busy | queue file | local configuration error
        service unavailable | service not available | aliases? .{0,20}(?:loop|broken) | exception
    """,
    "mailererror": r"""
        pipe to \|? | command (?:failed|died|time limit|output|returned) | exit (?:status|code|value) | exited
        x-unix | procmail | died with status | mailer error | generated by | delivery agent | unknown mailer error
        local delivery failed | mailbox .{0,30}(?:locked|corrupt) | dead\.letter
    """,
    "contenterror": r"""
        (?:8|7) ?bit | mime .{0,30}(?:error|malformed|depth|header|invalid|too) | malformed (?:mime|message|header)
        invalid (?:mime|character|charset) | (?:bad|improper|illegal) (?:content|characters|format) | conversion
        smtputf8 | utf-?8 .{0,20}(?:support|not) | internationali[sz]ed
        message .{0,10}(?:cannot|can.t) be (?:converted|parsed)
        contains? .{0,20}(?:invalid|illegal|bad) .{0,20}(?:character|content|header)
    """,
    "syntaxerror": r"""
        syntax | command (?:not |parameter not |un)(?:recogni[sz]ed|implemented|known)
        unrecogni[sz]ed (?:command|parameter) | improper sequence | bad sequence | bad command | need rcpt
        need mail | parameters? (?:not|in) | malformed address
    """,
}

PHRASES = {reason: pattern(fragments) for reason, fragments in _FRAGMENTS.items()}
