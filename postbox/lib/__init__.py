"""Plain helpers without Django: signing, envelope encryption, clock, ids, the HTTP egress guard."""
