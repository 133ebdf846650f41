"""The words in which mail systems say that an address or its domain is not there.

Decides only which words mean it. Whether they are meant for good `reasons` decides, from the step of the session in
which they were said.
"""

from __future__ import annotations

from reputation.bounces.fragments import pattern

UNKNOWN_USER = pattern(
    r"""
    account (?:is )?(?:not available|unavailable)(?! or| for| now| in)
    550 .{0,40}mailbox not available | user path no exist | validrcptto | cuda_nsu | dosn.t exist
    recipient verification failed
    (?:unknown|invalid|no such|bad|illegal|incorrect(?!ly)|non-?existent|nonexist\w*|unavailable|undeliverable|\
        unroutable|wrong|unrecogni[sz]ed) (?:.{0,12} )?(?:user|recipient|mailbox|address|local[ -]?part|account|\
        e-?mail|destination|alias|name|mail ?drop|rcpt|person|subscriber|mail|receiver|id\b|or illegal alias|\
        virtual|forwardee|customer|inbox|login|domain user)
    (?:user|recipient|mailbox|address(?:ee)?|account|alias|e-?mail|local part|person|rcpt|destination|addr|\
        receiver|box|inbox|username|subscriber|userid|destinataire)(?:s|\
        \(s\))?(?: .{0,80}?)??[ .:,<>()\[\]"'=-]{1,3}(?:is |was |are |has |have |does |do |did |could |can |\
        can.?|couldn.t |isn.t |doesn.t |don.t |wasn.t |been |currently |either |be |a |an ){0,6}(?:unknown|\
        invalid|incorrect(?!ly)|bad|(?:not |n.t |un)(?:be )?(?:found|exist(?:s|ing)?|known|valid|listed|here|\
        recogni[sz]ed|defined|registered|hosted|local|on (?:this|our|the)|in (?:our|the|domino|local|this|\
        server|directory|public)|accepted here|permitted here|present|have (?:an|any)|match|located|\
        available here|a (?:valid|known|local|member|user|registered))|nonexist\w*|non-exist\w*|undeliverable|\
        inexist\w*|no longer (?:valid|exists?|available|active|here)|unrout(?:e)?able|rejected\. ?|doesn.t|\
        unallocated|ausgeschieden)
    (?:user|recipient|address|mailbox|account|addressee)(?:s)? (?:.{0,60})?(?:not|isn.t|is not|no) (?:listed|\
        found|known|recogni[sz]ed|on file|in (?:the )?(?:public |domino )?(?:name|directory|address book|\
        database|list))
    user not (?:a )?member of (?:the )?domain | (?:recipient|address|user|mailbox) cannot be verified
    command rcpt .{0,20}not ok | account or domain may not exist | rcp-p1
    (?:^|\d |@>? )(?:recipient|rcpt) rejected$
    (?:not|isn.t|is not|aren.t|doesn.t|does not|cannot be|could ?n.t be|couldn.t|wasn.t|could not be|not be|\
        no[nt]) (?:a |an |any |have a |have an |have any |currently |be )*(?:valid|known|existing|local|real|\
        active|found|exist|correct|registered|.{0,40} account)(?: .{0,20})?(?:user|recipient|mailbox|address|\
        account|subscriber|mail ?box|\.|$|at this|here|on this|in )
    no (?:mailbox|user|account|recipient|valid recipients?|one|person|local|inbox|address|\
        matching)(?: .{0,30})?(?:here|by that name|by this name|found|user|recipient|mailbox|address|account|\
        for|with that|with this|matching|called|exists?|person|local|here by|id\b|destination|domain user|\
        on this|$)
    doesn.t have an? .{0,80}account | does not have an? .{0,80}account
    don.t know (?:.{0,20} )?(?:user|recipient|address) | unknown (?:or|and) (?:illegal|invalid)
    address(?:es)? (?:.{0,40})?(?:rejected\.|couldn.t be found|could not be found|not found|wasn.t found|\
        was not found)
    (?<!7\.1 <@>: )recipient address rejected: access denied
    550 (?:5\.\d\.\d )?requested action not taken: mailbox unavailable | no valid recipients? | user.?unknown
    unknown.?user | nosuchuser | adr\.recip(?:ient)?notfound | recip(?:ient)?notfound | usernotfound | no_such_user
    mailbox not found | not our customer | not a known user | addressee unknown | recipient not found
    recipient unknown | address rejected(?:\.|$| @| \() | badrecipient | ofr_?416 | recipient_not_exist
    unknown_recipient | invalid_recipient | invalidrecipient
    there is no (?:such )?(?:user|one|mailbox|account|recipient)
    unable to (?:find|locate|verify) (?:.{0,20} )?(?:user|recipient|mailbox|account) | user .{0,60}(?:name )?unknown
    verification failed for < | could ?n.t find (?:any|user|the user|recipient|mailbox) | vrfy failed
    rejected - no such | that e-?mail address
    email address .{0,40}(?:not exist|doesn.t exist|isn.t|incorrect|mistyped|misspelled) | unbekannt
    nicht (?:gefunden|bekannt|vorhanden|vergeben) | existiert nicht | ungültige.{0,10} (?:empfänger|adresse)
    kein(?:e|en)? (?:empfänger|postfach|benutzer) | introuvable | inconnu | (?:n.existe|existe) pas
    destinataire invalide | n.a pas été trouvé | no existe
    (?:destinatario|usuario) errado | destinatario errato | nie ma takiego | no mail ?box available for
    no se (?:encontró|ha encontrado|pudo encontrar)
    desconocid[oa] | inexistente | no es v[aá]lid | sconosciut[oa] | non (?:esiste|è stato trovato|trovato)
    inesistente | não (?:existe|encontrad[oa]|foi (?:possível )?encontrar) | onbekend | bestaat niet | niet gevonden
    findes ikke | finnes ikke | finns inte | hittades inte | ukendt | okänd | nie istnieje | nieznany
    nie znaleziono | neexistuje | nem (?:létezik|található) | bulunamad | не (?:найден|существует|зарегистрирован)
    неизвестн | несуществующ | 存在しません | 見つかりません | 見つからない | 宛先不明 | 不明な宛先 | 存在しない
    ユーザー?不明 | あて先不明 | 不存在 | 未找到 | 找不到 | 没有(?:此|这个)用户 | 無此 | 존재하지 | 찾을 수 없
    없는 (?:사용자|계정)
    """
)

# What no filter says after it saw the content: the words of local delivery and of large systems' recipient checks.
SURELY_UNKNOWN = pattern(
    r"""
    mail\.local: | unknown user: | @>: user unknown
    (?<!7\.1 <@>: )recipient address rejected(?:\.|: (?:user unknown|undeliverable|access denied|unknown|\
        no such|invalid))
    address book | name is not recogni[sz]ed | 550 (?:5\.\d\.\d )?requested action not taken: mailbox unavailable
    no valid recipients? for | recip(?:ient)?notfound | delivery error: dd (?:this user doesn.t have|not a valid)
    (?:ofr|lpn)\w{0,5}_416 | user unknown in (?:local|virtual|relay)
    """
)

UNKNOWN_HOST = pattern(
    r"""
    (?:host|domain|hostname|mx|destination)(?: or domain)?(?: name)?(?: \S{1,80})?[ .:,<>()\[\]"']{1,3}(?:is |\
        was |are |has |does |do |did |could |can |can.?|couldn.t |isn.t |doesn.t |be |been ){0,6}(?:unknown|\
        invalid|(?:not |n.t |un)(?:be )?(?:found|exist\w*|known|valid|resol\w+|registered|recogni[sz]ed)|\
        nonexist\w*|non-exist\w*|unrout(?:e)?able)
    (?:unknown|invalid|no such|bad|illegal|incorrect|non-?existent|unroutable|unrouteable) (?:host|domain|\
        address domain|mail ?domain|destination domain|host ?name|mail server name)
    nxdomain | host not found | unrout(?:e)?able (?:address|mail domain|domain) | (?:domain|host) does not exist
    [a-z0-9-]{1,63}\.[a-z0-9.-]{2,200} does not exist | name or service not known | couldn.t find any host
    no dns information | unable to route: dns lookup failure: name not found
    cannot find (?:any )?(?:host|mail server) | no such (?:domain|host) | domain (?:name )?not found
    domain .{0,60}couldn.t be found | hôte inconnu | domäne .{0,30}nicht | recipient.s domain name | unknown domain
    illegal host | domain is not reachable | ドメイン.{0,10}存在 | 域名不存在 | domain non esistente
    dominio .{0,20}no existe
    """
)

TAKES_NO_MAIL = pattern(
    r"""
    null ?mx | does not (?:accept|receive) (?:any )?(?:e-?)?mail(?:$|[ .])(?!from|in )
    doesn.t (?:accept|receive) (?:any )?(?:e-?)?mail
    indicated no smtp service | no mx (?:found|record) | couldn.t find a mail exchanger
    smtp protocol returned a permanent error | domain (?:of .{0,40})?does not accept | name server: \.:
    type=mx: .{0,30}no data | name has no mx | no mail (?:server|exchanger|service|host) | mail is not accepted
    not accept mail(?! from)
    """
)
