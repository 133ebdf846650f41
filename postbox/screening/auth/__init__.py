"""Who sent a mail: SPF, DKIM, DMARC and ARC, each in its file, and what they come to.

Nothing here opens a socket. Every question goes to a resolver that is handed in (postbox.lib.dns.Resolver); one that
has no answer yet raises ``Missing``, and the same mail is judged again once the answers are there.
"""
